-- +goose Up

-- Enrolment cards that were made. The code is a secret with a short life: it is
-- wiped when the card is used or worn out, or a new one made after it expired.
create table card (
    handle     text    not null primary key, -- names the card without its code
    event      text    not null,
    gate       text    not null,
    role       text    not null,
    code       blob    not null,    -- empty once it can't be used any more
    expires    integer not null,    -- Unix s
    tries      integer not null,    -- wrong proofs so far
    node       text    not null,    -- the device that used it; '' before
    record     blob    not null,    -- the enrol record that was written for it; empty before
    guests     blob    not null,    -- the guest key, sealed for the device that used it; empty before, and for roles without
    staff      blob    not null     -- the staff key likewise
) strict;

-- When a device was last in touch with one of the servers, and how far it
-- was then known to hold the server's journal. What may be lost without harm.
create table contact (
    event   text    not null,
    node    text    not null,
    heard   integer not null, -- Unix ms
    epoch   integer not null,
    seq     integer not null,
    server  text    not null, -- the process that it talks to; '' for none
    primary key (event, node)
) strict;

-- The people on the events' staff lists. person is what the gates are told, with
-- argon2id of the PIN and the hash of the role card; of those who are gone neither.
create table staff (
    event      text    not null,
    id         text    not null,
    name       text    not null,
    folded     text    not null, -- the name as it is compared
    person     blob    not null, -- deterministic CBOR
    gone       integer not null, -- 1: taken off the list
    changed_at integer not null, -- Unix ms
    primary key (event, id)
) strict;
create unique index staff_by_name on staff (event, folded) where gone = 0;
