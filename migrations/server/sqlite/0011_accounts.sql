-- +goose Up

-- Links that prove an e-mail address, as somebody asked for them. What a link says is
-- kept nowhere: it follows from the id and a sealed key, and its hash is here.
create table sign_in (
    id       text    not null primary key,
    token    text    not null, -- SHA-256 of what the link says
    email    text    not null, -- lower case
    language text    not null, -- of the mail
    asker    text    not null, -- the network address that asked, for limits
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

-- Passes that somebody took into a wallet of Apple's or Google's. A pass shows one code
-- of one ticket: a ticket with another code has it void.
create table pass (
    serial     text    not null primary key, -- follows from the code and a sealed key
    app        text    not null,             -- apple, google
    event      text    not null,
    ticket     text    not null,             -- 16 hexadecimal digits
    generation integer not null,
    void       integer not null,             -- 1: it says so
    taken_at   integer not null,             -- Unix ms, as all that follow
    changed_at integer not null,             -- when what it says changed last
    rev        integer not null,             -- of pass_rev at that change
    due_at     integer not null,             -- when somebody is to be told of it next; 0: nobody is
    tries      integer not null              -- of telling it
) strict;
create index pass_by_ticket on pass (event, ticket);
create index pass_by_due on pass (due_at) where due_at > 0;

-- Apple's devices that want to be told of a pass.
create table pass_device (
    device     text    not null, -- what it calls itself
    serial     text    not null,
    push_token text    not null,
    made_at    integer not null, -- Unix ms
    primary key (device, serial)
) strict;
create index pass_device_by_serial on pass_device (serial);

-- Events of which there are passes, and how far what happened to their tickets has
-- been looked through.
create table pass_event (
    event   text    not null primary key,
    arrived integer not null, -- number of the journal's newest record that was seen
    facts   text    not null, -- SHA-256 of what all passes of the event say
    class   text    not null  -- facts that Google was told; '' for none
) strict;

-- Changes of passes are numbered: a device asks for those after the last it saw. No row
-- before the first.
create table pass_rev (
    one integer not null primary key check (one = 1),
    rev integer not null
) strict;
