-- +goose Up

-- What is under way with a ticket that its holder wants to part with: one thing at a
-- time. It is gone when that is done or taken back, when the ticket is void and when
-- it has a new code.
create table ticket_pending (
    event  text    not null,
    ticket text    not null, -- 16 hexadecimal digits
    what   text    not null, -- transfer, resale or refund
    ref    text    not null, -- which one: an id of those who do it
    since  integer not null, -- Unix ms
    primary key (event, ticket)
) strict;

-- The hands that a ticket has gone through: from whom, to whom.
create table ticket_passage (
    event      text    not null,
    ticket     text    not null, -- 16 hexadecimal digits
    nth        integer not null, -- 0 for the first
    generation integer not null, -- of the new holder's first code; by a list it stays what it was
    how        text    not null, -- transfer, resale or organiser
    ref        text    not null, -- which one, as in ticket_pending; '' for the organiser's
    from_name  text    not null,
    from_email text    not null,
    to_name    text    not null,
    to_email   text    not null,
    at         integer not null, -- Unix ms
    primary key (event, ticket, nth)
) strict;
create index ticket_passage_by_giver on ticket_passage (lower(from_email), at);

-- Tickets that their holder offers to somebody else. What an offer's link says is kept
-- nowhere: it follows from the id and a sealed key, and its hash is here.
create table transfer_offer (
    id         text    not null primary key,
    token      text    not null, -- SHA-256 of what the link says
    event      text    not null,
    tickets    text    not null, -- JSON: their ids
    state      text    not null, -- open, accepted, taken_back, expired or void
    from_name  text    not null,
    from_email text    not null, -- lower case, as to_email
    to_name    text    not null, -- for whom it is, and later who has accepted; '' for whoever has the link
    to_email   text    not null,
    named      integer not null, -- 1: only for that address
    language   text    not null, -- of who gives
    reads      text    not null, -- the language of who has accepted
    made_at    integer not null, -- Unix ms, as all that follow
    until      integer not null,
    ended_at   integer not null  -- 0: it is open
) strict;
create unique index transfer_offer_by_token on transfer_offer (token);
create index transfer_offer_by_state on transfer_offer (state, until);
create index transfer_offer_by_giver on transfer_offer (from_email, made_at);
