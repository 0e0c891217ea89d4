-- +goose Up

-- Events that were called off or moved, and how far it has come to tell everybody. One
-- row is worked off in batches, each in a transaction that moves rev and the mark first,
-- so that servers that are at it together never do one twice, and whoever finds it
-- unfinished goes on.
create table calloff (
    id         text    not null primary key, -- event and number
    event      text    not null references event (code),
    number     integer not null,
    fate       text    not null,             -- called_off, moved
    why        text    not null,
    who        text    not null,
    rev        integer not null,
    phase      text    not null,             -- orders, tickets, late, done
    mark       text    not null,             -- JSON: behind which order or ticket it goes on
    total      integer not null,             -- orders there were
    orders     integer not null,             -- gone through
    tickets    integer not null,             -- voided
    refunds    integer not null,             -- asked for
    told       integer not null,             -- mails to people without an order
    made_at    integer not null,             -- Unix ms
    changed_at integer not null,
    done_at    integer not null,             -- 0: not yet
    unique (event, number)
) strict;
create index calloff_open on calloff (made_at) where done_at = 0;
