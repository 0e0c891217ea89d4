-- +goose Up

-- One ticket: who has it, what it opens, and the one code of it that is good.
create table ticket (
    event       text collate "C" not null,
    id          text collate "C" not null, -- 16 hexadecimal digits, for life
    external_id text collate "C" not null, -- the organiser's own name of it
    name        text collate "C" not null,
    email       text collate "C" not null,
    product     bigint           not null,
    seat        text collate "C" not null,
    zones       bigint           not null, -- bit mask; 0: the product's
    not_before  bigint           not null, -- Unix s; 0: none
    expires     bigint           not null, -- Unix s; 0: none
    admissions  bigint           not null,
    generation  bigint           not null,
    state       text collate "C" not null, -- valid, or why no code of it is good
    why         text collate "C" not null, -- what a person gave as the reason for the state
    changed_at  bigint           not null, -- Unix ms
    kid         text collate "C" not null, -- the key that signed the code
    token       text collate "C" not null,
    order_code  text collate "C" not null, -- what people know the order by; '' for none
    note        text collate "C" not null, -- said at the door
    answers     text collate "C" not null, -- to the organiser's questions, as a JSON object by question; '' for none
    unpaid      bigint           not null, -- 1: not paid for yet
    due         bigint           not null, -- what is to be paid, minor units of the currency; 0: not said
    currency    text collate "C" not null, -- ISO 4217; '' without due
    primary key (event, id)
);
create unique index ticket_by_external_id on ticket (event, external_id);
create index ticket_by_id on ticket (id);

-- New codes that holders had made by themselves, to bound how often.
create table ticket_renewal (
    event      text collate "C" not null,
    ticket     text collate "C" not null,
    generation bigint           not null,
    at         bigint           not null, -- Unix ms
    primary key (event, ticket, generation)
);
