-- +goose Up

-- The sandbox's own secrets, made when it is first opened. They guard play money.
create table sandbox_secret (
    only_row integer primary key check (only_row = 1),
    api_key  text    not null, -- of its interface
    hook_key text    not null  -- signs its notices
) strict;

-- A payment at the sandbox. How it stands follows from these instants and the
-- time it is: one that settles in the future is being worked on.
create table sandbox_payment (
    ref          text    primary key,
    start_key    text    not null unique,  -- idempotency key
    asked        text    not null,         -- SHA-256 of what was asked with the key
    order_code   text    not null,
    title        text    not null,
    email        text    not null,
    amount       integer not null check (amount > 0),
    currency     text    not null,
    lines        text    not null,         -- JSON
    success_url  text    not null,
    cancel_url   text    not null,
    ends_at      integer not null,         -- can't be paid from then on
    began_at     integer not null,
    step         text    not null,         -- card, confirm, working
    card         text    not null,         -- the test card that was tried last; '' for none
    declined     text    not null,         -- why it was declined; '' when it wasn't
    settles_at   integer not null,         -- 0: the bank hasn't decided
    outcome      text    not null,         -- paid, failed; '' while settles_at is 0
    cancelled_at integer not null,         -- 0: not
    disputed_at  integer not null,         -- 0: never
    decided_at   integer not null,         -- when the bank decides the dispute; 0: never
    won          integer not null,         -- 1: it decides for the seller
    refunded     integer not null check (refunded between 0 and amount),
    check (settles_at = 0 or cancelled_at = 0)
) strict;

-- Money that was given back. Rows are never changed.
create table sandbox_refund (
    refund_key text    primary key,
    id         text    not null,
    ref        text    not null references sandbox_payment (ref),
    amount     integer not null check (amount > 0),
    why        text    not null,
    made_at    integer not null
) strict;
create index sandbox_refund_by_payment on sandbox_refund (ref);

-- Refunds that were refused, which is said again under the same key for a day.
create table sandbox_refusal (
    refund_key text    not null,
    again      integer not null, -- times it was refused before
    ref        text    not null,
    amount     integer not null,
    why        text    not null,
    said       text    not null,
    made_at    integer not null,
    primary key (refund_key, again)
) strict;

-- Notices that wait to be delivered. A delivered one is gone.
create table sandbox_notice (
    delivery text    primary key,
    id       text    not null, -- of the event; a card may have it sent twice
    ref      text    not null,
    kind     text    not null,
    at       integer not null,
    due_at   integer not null, -- when it is sent next
    tries    integer not null
) strict;
create index sandbox_notice_by_due on sandbox_notice (due_at);
