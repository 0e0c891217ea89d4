-- +goose Up

-- Links that prove an e-mail address, as somebody asked for them. What a link says is
-- kept nowhere: it follows from the id and a sealed key, and its hash is here.
create table sign_in (
    id       text    not null primary key,
    token    text    not null, -- SHA-256 of what the link says
    email    text    not null, -- lower case
    language text    not null, -- of the mail
    asker    text    not null, -- the network address that asked, for limits; '' for a link in a letter of ours
    asked_at integer not null, -- Unix ms, as all that follow
    until    integer not null, -- the link is good until then
    used_at  integer not null  -- 0: not used
) strict;
create unique index sign_in_by_token on sign_in (token);
create index sign_in_by_email on sign_in (email, asked_at);
create index sign_in_by_asker on sign_in (asker, asked_at);
create index sign_in_by_time on sign_in (asked_at);

-- Browsers that somebody has their tickets in: all of an address, or those of orders
-- whose link was opened there.
create table wallet_session (
    id        text    not null primary key, -- what its owner knows it by
    secret    text    not null,             -- SHA-256 of the cookie
    email     text    not null,             -- lower case; '' where none was proved
    orders    text    not null,             -- JSON: ids of orders
    agent     text    not null,             -- what the browser calls itself
    made_at   integer not null,             -- Unix ms, as all that follow
    seen_at   integer not null,
    challenge text    not null,             -- SHA-256 of what is to be signed next; '' for none
    answer_by integer not null
) strict;
create unique index wallet_session_by_secret on wallet_session (secret);
create index wallet_session_by_email on wallet_session (email);
create index wallet_session_by_time on wallet_session (seen_at);

-- The phone that shows a ticket: the key that its live codes are signed with. It is of
-- one generation; a ticket that has another now is on no phone.
create table ticket_binding (
    event      text    not null,
    ticket     text    not null, -- 16 hexadecimal digits
    generation integer not null,
    holder     text    not null, -- the phone's public key, 64 hexadecimal digits
    code       text    not null, -- the signed ticket with that key in it, hexadecimal
    bound_at   integer not null, -- Unix ms
    primary key (event, ticket)
) strict;

-- Whose tickets are whose.
create index ticket_by_email on ticket (lower(email));
