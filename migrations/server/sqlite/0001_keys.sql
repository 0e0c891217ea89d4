-- +goose Up

-- The organiser's keys. One row; its ring_seq is touched by every change of the
-- ring, so that two servers can't sign two rings with one number.
create table vault (
    only_row   integer primary key check (only_row = 1),
    organiser  text    not null,
    unsealed   integer not null, -- 1: demo data, whose keys rest as bare seeds, for ever
    ring_seq   integer not null,
    created_at integer not null
) strict;

-- Private keys: sealed under the passphrase, bare in demo data.
create table secret (
    kid        text    primary key,
    role       text    not null, -- root, issuer, journal
    event      text    not null, -- '' for the root
    epoch      integer not null, -- of the journal that a journal key writes
    kept       blob    not null,
    created_at integer not null,
    retired_at integer           -- an issuing key that signs no more
) strict;
create unique index secret_in_use on secret (event, role) where retired_at is null;

-- The chain of signed rings. Rows are never changed.
create table ring (
    seq       integer primary key,
    signed    blob    not null,
    issued_at integer not null
) strict;

-- What all servers on the database share beside the keys, by its name in
-- server/shared.go.
create table setting (
    name  text not null primary key,
    value text not null
) strict;
