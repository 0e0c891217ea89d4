-- +goose Up

-- What is under way with a ticket that its holder wants to part with: one thing at a
-- time. It is gone when that is done or taken back, when the ticket is void and when
-- it has a new code.
create table ticket_pending (
    event  text collate "C" not null,
    ticket text collate "C" not null, -- 16 hexadecimal digits
    what   text collate "C" not null, -- transfer, resale or refund
    ref    text collate "C" not null, -- which one: an id of those who do it
    since  bigint           not null, -- Unix ms
    primary key (event, ticket)
);

-- The hands that a ticket has gone through: from whom, to whom.
create table ticket_passage (
    event      text collate "C" not null,
    ticket     text collate "C" not null, -- 16 hexadecimal digits
    nth        bigint           not null, -- 0 for the first
    generation bigint           not null, -- of the new holder's first code; by a list it stays what it was
    how        text collate "C" not null, -- transfer, resale or organiser
    ref        text collate "C" not null, -- which one, as in ticket_pending; '' for the organiser's
    from_name  text collate "C" not null,
    from_email text collate "C" not null,
    to_name    text collate "C" not null,
    to_email   text collate "C" not null,
    at         bigint           not null, -- Unix ms
    primary key (event, ticket, nth)
);
create index ticket_passage_by_giver on ticket_passage (lower(from_email), at);

-- Tickets that their holder offers to somebody else. What an offer's link says is kept
-- nowhere: it follows from the id and a sealed key, and its hash is here.
create table transfer_offer (
    id         text collate "C" not null primary key,
    token      text collate "C" not null, -- SHA-256 of what the link says
    event      text collate "C" not null,
    tickets    text collate "C" not null, -- JSON: their ids
    state      text collate "C" not null, -- open, accepted, taken_back, expired or void
    from_name  text collate "C" not null,
    from_email text collate "C" not null, -- lower case, as to_email
    to_name    text collate "C" not null, -- for whom it is, and later who has accepted; '' for whoever has the link
    to_email   text collate "C" not null,
    named      bigint           not null, -- 1: only for that address
    language   text collate "C" not null, -- of who gives
    reads      text collate "C" not null, -- the language of who has accepted
    made_at    bigint           not null, -- Unix ms, as all that follow
    until      bigint           not null,
    ended_at   bigint           not null  -- 0: it is open
);
create unique index transfer_offer_by_token on transfer_offer (token);
create index transfer_offer_by_state on transfer_offer (state, until);
create index transfer_offer_by_giver on transfer_offer (from_email, made_at);
