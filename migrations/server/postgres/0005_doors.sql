-- +goose Up

-- Enrolment cards that were made. The code is a secret with a short life: it is
-- wiped when the card is used or worn out, or a new one made after it expired.
create table card (
    handle  text collate "C" not null primary key, -- names the card without its code
    event   text collate "C" not null,
    gate    text collate "C" not null,
    role    text collate "C" not null,
    code    bytea            not null,             -- empty once it can't be used any more
    expires bigint           not null,             -- Unix s
    tries   bigint           not null,             -- wrong proofs so far
    node    text collate "C" not null,             -- the device that used it; '' before
    record  bytea            not null,             -- the enrol record that was written for it; empty before
    guests  bytea            not null,             -- the guest key, sealed for the device that used it; empty before, and for roles without
    staff   bytea            not null              -- the staff key likewise
);

-- When a device was last in touch with one of the servers, and how far it
-- was then known to hold the server's journal. What may be lost without harm.
create table contact (
    event  text collate "C" not null,
    node   text collate "C" not null,
    heard  bigint           not null, -- Unix ms
    epoch  bigint           not null,
    seq    bigint           not null,
    server text collate "C" not null, -- the process that it talks to; '' for none
    primary key (event, node)
);

-- The people on the events' staff lists. person is what the gates are told, with
-- argon2id of the PIN and the hash of the role card; of those who are gone neither.
create table staff (
    event      text collate "C" not null,
    id         text collate "C" not null,
    name       text collate "C" not null,
    folded     text collate "C" not null, -- the name as it is compared
    person     bytea            not null, -- deterministic CBOR
    gone       bigint           not null, -- 1: taken off the list
    changed_at bigint           not null, -- Unix ms
    primary key (event, id)
);
create unique index staff_by_name on staff (event, folded) where gone = 0;
