-- +goose Up

-- One ticket: who has it, what it opens, and the one code of it that is good.
create table ticket (
    event       text    not null,
    id          text    not null, -- 16 hexadecimal digits, for life
    external_id text    not null, -- the organiser's own name of it
    name        text    not null,
    email       text    not null,
    product     integer not null,
    seat        text    not null,
    zones       integer not null, -- bit mask; 0: the product's
    not_before  integer not null, -- Unix s; 0: none
    expires     integer not null, -- Unix s; 0: none
    admissions  integer not null,
    generation  integer not null,
    state       text    not null, -- valid, or why no code of it is good
    why         text    not null, -- what a person gave as the reason for the state
    changed_at  integer not null, -- Unix ms
    kid         text    not null, -- the key that signed the code
    token       text    not null,
    order_code  text    not null, -- what people know the order by; '' for none
    note        text    not null, -- said at the door
    answers     text    not null, -- to the organiser's questions, as a JSON object by question; '' for none
    unpaid      integer not null, -- 1: not paid for yet
    due         integer not null, -- what is to be paid, minor units of the currency; 0: not said
    currency    text    not null, -- ISO 4217; '' without due
    primary key (event, id)
) strict;
create unique index ticket_by_external_id on ticket (event, external_id);
create index ticket_by_id on ticket (id);

-- New codes that holders had made by themselves, to bound how often.
create table ticket_renewal (
    event      text    not null,
    ticket     text    not null,
    generation integer not null,
    at         integer not null, -- Unix ms
    primary key (event, ticket, generation)
) strict;
