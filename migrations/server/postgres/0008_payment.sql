-- +goose Up

-- The sandbox's own secrets, made when it is first opened. They guard play money.
create table sandbox_secret (
    only_row bigint           primary key check (only_row = 1),
    api_key  text collate "C" not null, -- of its interface
    hook_key text collate "C" not null  -- signs its notices
);

-- A payment at the sandbox. How it stands follows from these instants and the
-- time it is: one that settles in the future is being worked on.
create table sandbox_payment (
    ref          text collate "C" primary key,
    start_key    text collate "C" not null unique, -- idempotency key
    asked        text collate "C" not null,        -- SHA-256 of what was asked with the key
    order_code   text collate "C" not null,
    title        text collate "C" not null,
    email        text collate "C" not null,
    amount       bigint           not null check (amount > 0),
    currency     text collate "C" not null,
    lines        text collate "C" not null,        -- JSON
    success_url  text collate "C" not null,
    cancel_url   text collate "C" not null,
    ends_at      bigint           not null,        -- can't be paid from then on
    began_at     bigint           not null,
    step         text collate "C" not null,        -- card, confirm, working
    card         text collate "C" not null,        -- the test card that was tried last; '' for none
    declined     text collate "C" not null,        -- why it was declined; '' when it wasn't
    settles_at   bigint           not null,        -- 0: the bank hasn't decided
    outcome      text collate "C" not null,        -- paid, failed; '' while settles_at is 0
    cancelled_at bigint           not null,        -- 0: not
    disputed_at  bigint           not null,        -- 0: never
    decided_at   bigint           not null,        -- when the bank decides the dispute; 0: never
    won          bigint           not null,        -- 1: it decides for the seller
    refunded     bigint           not null check (refunded between 0 and amount),
    check (settles_at = 0 or cancelled_at = 0)
);

-- Money that was given back. Rows are never changed.
create table sandbox_refund (
    refund_key text collate "C" primary key,
    id         text collate "C" not null,
    ref        text collate "C" not null references sandbox_payment (ref),
    amount     bigint           not null check (amount > 0),
    why        text collate "C" not null,
    made_at    bigint           not null
);
create index sandbox_refund_by_payment on sandbox_refund (ref);

-- Refunds that were refused, which is said again under the same key for a day.
create table sandbox_refusal (
    refund_key text collate "C" not null,
    again      bigint           not null, -- times it was refused before
    ref        text collate "C" not null,
    amount     bigint           not null,
    why        text collate "C" not null,
    said       text collate "C" not null,
    made_at    bigint           not null,
    primary key (refund_key, again)
);

-- Notices that wait to be delivered. A delivered one is gone.
create table sandbox_notice (
    delivery text collate "C" primary key,
    id       text collate "C" not null, -- of the event; a card may have it sent twice
    ref      text collate "C" not null,
    kind     text collate "C" not null,
    at       bigint           not null,
    due_at   bigint           not null, -- when it is sent next
    tries    bigint           not null
);
create index sandbox_notice_by_due on sandbox_notice (due_at);
