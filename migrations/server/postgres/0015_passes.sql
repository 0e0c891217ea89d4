-- +goose Up

-- Passes that somebody took into a wallet of Apple's or Google's. A pass shows one code
-- of one ticket: a ticket with another code has it void.
create table pass (
    serial     text collate "C" not null primary key, -- follows from the code and a sealed key
    app        text collate "C" not null,             -- apple, google
    event      text collate "C" not null,
    ticket     text collate "C" not null,             -- 16 hexadecimal digits
    generation bigint           not null,
    void       bigint           not null,             -- 1: it says so
    taken_at   bigint           not null,             -- Unix ms, as all that follow
    changed_at bigint           not null,             -- when what it says changed last
    rev        bigint           not null,             -- of pass_rev at that change
    due_at     bigint           not null,             -- when somebody is to be told of it next; 0: nobody is
    tries      bigint           not null              -- of telling it
);
create index pass_by_ticket on pass (event, ticket);
create index pass_by_due on pass (due_at) where due_at > 0;

-- Apple's devices that want to be told of a pass.
create table pass_device (
    device     text collate "C" not null, -- what it calls itself
    serial     text collate "C" not null,
    push_token text collate "C" not null,
    made_at    bigint           not null, -- Unix ms
    primary key (device, serial)
);
create index pass_device_by_serial on pass_device (serial);

-- Events of which there are passes, and how far what happened to their tickets has
-- been looked through.
create table pass_event (
    event      text collate "C" not null primary key,
    arrived    bigint           not null, -- number of the journal's newest record that was seen
    facts      text collate "C" not null, -- SHA-256 of what all passes of the event say
    class      text collate "C" not null  -- facts that Google was told; '' for none
);

-- Changes of passes are numbered: a device asks for those after the last it saw. No row
-- before the first.
create table pass_rev (
    one        bigint           not null primary key check (one = 1),
    rev        bigint           not null
);
