-- +goose Up

-- What is under way with a ticket that its holder wants to part with: one thing at a
-- time. It is gone when that is done or taken back, when the ticket is void and when
-- it has a new code.
create table ticket_pending (
    event       text    not null,
    ticket      text    not null, -- 16 hexadecimal digits
    what        text    not null, -- transfer, resale or refund
    ref         text    not null, -- which one: an id of those who do it
    since       integer not null, -- Unix ms
    fixed_until integer not null, -- Unix ms: nobody gives the ticket a new code until then; 0: they may
    primary key (event, ticket)
) strict;
create index ticket_pending_by_ref on ticket_pending (what, ref);
