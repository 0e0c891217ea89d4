-- +goose Up

-- Links that prove an e-mail address, as somebody asked for them. What a link says is
-- kept nowhere: it follows from the id and a sealed key, and its hash is here.
create table sign_in (
    id       text collate "C" not null primary key,
    token    text collate "C" not null, -- SHA-256 of what the link says
    email    text collate "C" not null, -- lower case
    language text collate "C" not null, -- of the mail
    asker    text collate "C" not null, -- the network address that asked, for limits; '' for a link in a letter of ours
    asked_at bigint           not null, -- Unix ms, as all that follow
    until    bigint           not null, -- the link is good until then
    used_at  bigint           not null  -- 0: not used
);
create unique index sign_in_by_token on sign_in (token);
create index sign_in_by_email on sign_in (email, asked_at);
create index sign_in_by_asker on sign_in (asker, asked_at);
create index sign_in_by_time on sign_in (asked_at);

-- Browsers that somebody has their tickets in: all of an address, or those of orders
-- whose link was opened there.
create table wallet_session (
    id        text collate "C" not null primary key, -- what its owner knows it by
    secret    text collate "C" not null,             -- SHA-256 of the cookie
    email     text collate "C" not null,             -- lower case; '' where none was proved
    orders    text collate "C" not null,             -- JSON: ids of orders
    agent     text collate "C" not null,             -- what the browser calls itself
    made_at   bigint           not null,             -- Unix ms, as all that follow
    seen_at   bigint           not null,
    challenge text collate "C" not null,             -- SHA-256 of what is to be signed next; '' for none
    answer_by bigint           not null
);
create unique index wallet_session_by_secret on wallet_session (secret);
create index wallet_session_by_email on wallet_session (email);
create index wallet_session_by_time on wallet_session (seen_at);

-- The phone that shows a ticket: the key that its live codes are signed with. It is of
-- one generation; a ticket that has another now is on no phone.
create table ticket_binding (
    event      text collate "C" not null,
    ticket     text collate "C" not null, -- 16 hexadecimal digits
    generation bigint           not null,
    holder     text collate "C" not null, -- the phone's public key, 64 hexadecimal digits
    code       text collate "C" not null, -- the signed ticket with that key in it, hexadecimal
    bound_at   bigint           not null, -- Unix ms
    primary key (event, ticket)
);

-- Whose tickets are whose.
create index ticket_by_email on ticket (lower(email));
