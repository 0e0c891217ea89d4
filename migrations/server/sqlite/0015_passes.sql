-- +goose Up

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
