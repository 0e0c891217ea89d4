-- +goose Up

-- What an event sells and how, as its file said last: JSON, catalog.Shop. The rev
-- of the event counts its changes too. An event without a row sells nothing.
create table shop (
    event   text not null primary key references event (code),
    content text not null
) strict;

-- Pictures of events. One is never changed; one that no shop names any more stays
-- for those who have an older page.
create table picture (
    hash       text    not null primary key, -- SHA-256 of bytes, hexadecimal
    kind       text    not null,             -- media type
    bytes      blob    not null,
    created_at integer not null
) strict;
