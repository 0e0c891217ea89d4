-- +goose Up

-- Events as their files said last. content is the event as the gates were told,
-- deterministic CBOR; terms are what only tickets show.
create table event (
    code       text collate "C" primary key,
    rev        bigint           not null, -- one more with every change
    content    bytea            not null,
    terms      text collate "C" not null,
    standing   text collate "C" not null, -- JSON: called off or moved; '' for neither
    created_at bigint           not null,
    updated_at bigint           not null
);

-- The zones, products and gates that an event ever had. A number is given once:
-- the bit of a zone and the number of a product stand in tickets that are out.
create table event_part (
    event      text collate "C" not null references event (code),
    kind       text collate "C" not null, -- zone, product, gate
    code       text collate "C" not null,
    number     bigint           not null,
    retired_at bigint,                    -- no more in the file
    primary key (event, kind, code),
    unique (event, kind, number)
);
