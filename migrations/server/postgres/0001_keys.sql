-- +goose Up

-- The organiser's keys. One row; its ring_seq is touched by every change of the
-- ring, so that two servers can't sign two rings with one number.
create table vault (
    only_row   bigint           primary key check (only_row = 1),
    organiser  text collate "C" not null,
    unsealed   bigint           not null, -- 1: demo data, whose keys rest as bare seeds, for ever
    ring_seq   bigint           not null,
    created_at bigint           not null
);

-- Private keys: sealed under the passphrase, bare in demo data.
create table secret (
    kid        text collate "C" primary key,
    role       text collate "C" not null, -- root, issuer, journal
    event      text collate "C" not null, -- '' for the root
    epoch      bigint           not null, -- of the journal that a journal key writes
    kept       bytea            not null,
    created_at bigint           not null,
    retired_at bigint                     -- an issuing key that signs no more
);
create unique index secret_in_use on secret (event, role) where retired_at is null;

-- The chain of signed rings. Rows are never changed.
create table ring (
    seq       bigint primary key,
    signed    bytea  not null,
    issued_at bigint not null
);

-- What all servers on the database share beside the keys, by its name in
-- server/shared.go.
create table setting (
    name  text collate "C" not null primary key,
    value text collate "C" not null
);
