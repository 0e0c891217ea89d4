-- +goose Up

-- Events as their files said last. content is the event as the gates were told,
-- deterministic CBOR; terms are what only tickets show.
create table event (
    code       text    primary key,
    rev        integer not null, -- one more with every change
    content    blob    not null,
    terms      text    not null,
    standing   text    not null, -- JSON: called off or moved; '' for neither
    created_at integer not null,
    updated_at integer not null
) strict;

-- The zones, products and gates that an event ever had. A number is given once:
-- the bit of a zone and the number of a product stand in tickets that are out.
create table event_part (
    event      text    not null references event (code),
    kind       text    not null, -- zone, product, gate
    code       text    not null,
    number     integer not null,
    retired_at integer,          -- no more in the file
    primary key (event, kind, code),
    unique (event, kind, number)
) strict;
