-- +goose Up

-- Events that were called off or moved, and how far it has come to tell everybody. One
-- row is worked off in batches, each in a transaction that moves rev and the mark first,
-- so that servers that are at it together never do one twice, and whoever finds it
-- unfinished goes on.
create table calloff (
    id         text collate "C" not null primary key,         -- event and number
    event      text collate "C" not null references event (code),
    number     bigint           not null,
    fate       text collate "C" not null,             -- called_off, moved
    why        text collate "C" not null,
    who        text collate "C" not null,
    rev        bigint           not null,
    phase      text collate "C" not null,             -- orders, tickets, late, done
    mark       text collate "C" not null,             -- JSON: behind which order or ticket it goes on
    total      bigint           not null,             -- orders there were
    orders     bigint           not null,             -- gone through
    tickets    bigint           not null,             -- voided
    refunds    bigint           not null,             -- asked for
    told       bigint           not null,             -- mails to people without an order
    made_at    bigint           not null,             -- Unix ms
    changed_at bigint           not null,
    done_at    bigint           not null,             -- 0: not yet
    unique (event, number)
);
create index calloff_open on calloff (made_at) where done_at = 0;
