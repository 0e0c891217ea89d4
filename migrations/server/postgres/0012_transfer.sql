-- +goose Up

-- What is under way with a ticket that its holder wants to part with: one thing at a
-- time. It is gone when that is done or taken back, when the ticket is void and when
-- it has a new code.
create table ticket_pending (
    event       text collate "C" not null,
    ticket      text collate "C" not null, -- 16 hexadecimal digits
    what        text collate "C" not null, -- transfer, resale or refund
    ref         text collate "C" not null, -- which one: an id of those who do it
    since       bigint           not null, -- Unix ms
    fixed_until bigint           not null, -- Unix ms: nobody gives the ticket a new code until then; 0: they may
    primary key (event, ticket)
);
create index ticket_pending_by_ref on ticket_pending (what, ref);

-- The hands that a ticket has gone through: from whom, to whom.
create table ticket_custody (
    event      text collate "C" not null,
    ticket     text collate "C" not null, -- 16 hexadecimal digits
    generation bigint           not null, -- of the new holder's first code
    how        text collate "C" not null, -- transfer, resale or organiser
    ref        text collate "C" not null, -- which one, as in ticket_pending; '' for the organiser's
    from_name  text collate "C" not null,
    from_email text collate "C" not null,
    to_name    text collate "C" not null,
    to_email   text collate "C" not null,
    at         bigint           not null, -- Unix ms
    primary key (event, ticket, generation)
);
create index ticket_custody_by_giver on ticket_custody (lower(from_email), at);
