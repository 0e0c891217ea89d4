-- +goose Up

-- What an event sells and how, as its file said last: JSON, catalog.Shop. The rev
-- of the event counts its changes too. An event without a row sells nothing.
create table shop (
    event   text collate "C" not null primary key references event (code),
    content text collate "C" not null
);

-- Pictures of events. One is never changed; one that no shop names any more stays
-- for those who have an older page.
create table picture (
    hash       text collate "C" not null primary key, -- SHA-256 of bytes, hexadecimal
    kind       text collate "C" not null,             -- media type
    bytes      bytea            not null,
    created_at bigint           not null
);
