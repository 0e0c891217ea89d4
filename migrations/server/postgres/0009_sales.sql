-- +goose Up

-- Orders. The id is random, and is also that of the order's hold. Whatever changes
-- an order moves rev first, so rivals wait for each other.
create table sale_order (
    id         text collate "C" not null primary key,
    code       text collate "C" not null,             -- what people know it by
    event      text collate "C" not null,
    state      text collate "C" not null,
    rev        bigint           not null,
    asked      text collate "C" not null,             -- SHA-256 of the cart: the same key asks for the same
    currency   text collate "C" not null,             -- ISO 4217; of all amounts here, minor units
    total      bigint           not null check (total >= 0),
    paid       bigint           not null check (paid >= 0),
    refunded   bigint           not null check (refunded >= 0),
    paid_out   bigint           not null check (paid_out >= 0), -- to who bought here and sold on, as a part of what they had paid
    cart       text collate "C" not null,             -- JSON: what is bought, at the prices of then
    details    text collate "C" not null,             -- JSON: buyer, holders, answers; '' before they are given
    name       text collate "C" not null,             -- the buyer's, to find it by
    email      text collate "C" not null,
    until      bigint           not null,             -- Unix ms: when places go back, or an invoice is due
    over_at    bigint           not null,             -- until, while it may still end by itself; else 0
    extended   bigint           not null,
    method     text collate "C" not null,             -- how it is paid; '' before it is known
    attempt    bigint           not null,             -- number of the newest try to pay
    ref        text collate "C" not null,             -- of the try at the provider that is under way; '' for none
    url        text collate "C" not null,             -- where the buyer pays
    tickets    text collate "C" not null,             -- JSON: ids; '' before they are issued
    made_at    bigint           not null,             -- Unix ms
    changed_at bigint           not null,
    paid_at    bigint           not null,             -- 0: not paid
    check (refunded + paid_out <= paid)
);
create unique index sale_order_by_code on sale_order (code);
create index sale_order_over on sale_order (over_at) where over_at > 0;
create index sale_order_by_time on sale_order (made_at, id);
create index sale_order_by_event on sale_order (event, made_at, id);
create index sale_order_by_state on sale_order (event, state, made_at, id);
create index sale_order_abandoned on sale_order (made_at) where state = 'left' or state = 'expired';

-- The words that an order is found by: of the buyer's name and address, folded as
-- people take them for the same. They follow from the order.
create table sale_word (
    word     text collate "C" not null,
    made_at  bigint           not null,               -- of the order
    order_id text collate "C" not null,
    primary key (word, made_at, order_id)
);

-- Money that came in for orders, or may yet. A payment is the order's own when it
-- was accepted, and an order has one such at most; any other goes back.
create table order_payment (
    provider   text collate "C" not null,             -- stripe, sandbox, bank, cash
    ref        text collate "C" not null,
    order_id   text collate "C" not null references sale_order (id),
    state      text collate "C" not null,
    accepted   bigint           not null,
    amount     bigint           not null,
    currency   text collate "C" not null,
    fee        bigint           not null,             -- what the provider keeps
    dispute    text collate "C" not null,
    taken      bigint           not null,             -- by disputes, of which
    won        bigint           not null,
    lost       bigint           not null,
    made_at    bigint           not null,
    changed_at bigint           not null,
    look_at    bigint           not null,             -- when to ask the provider again; 0: never
    looks      bigint           not null,
    primary key (provider, ref)
);
create unique index order_payment_accepted on order_payment (order_id) where accepted = 1;
create index order_payment_of on order_payment (order_id);
create index order_payment_look on order_payment (look_at) where look_at > 0;

-- Money that goes back. The id is the key under which the provider is asked, with again.
create table order_refund (
    id       text collate "C" not null primary key,
    order_id text collate "C" not null references sale_order (id),
    provider text collate "C" not null,
    ref      text collate "C" not null,               -- of the payment
    state    text collate "C" not null,               -- asked, done, refused, by_hand (refused, and given by other means), charged_back
    amount   bigint           not null check (amount >= 0),
    kept     bigint           not null check (kept >= 0), -- of what was given back, by the event's terms
    currency text collate "C" not null,
    why      text collate "C" not null,
    problem  text collate "C" not null,               -- of the newest try
    asked    text collate "C" not null,               -- for what, or the SHA-256 of it; empty: nobody here, it was made at the provider
    made_at  bigint           not null,
    done_at  bigint           not null,               -- 0: not yet
    try_at   bigint           not null,               -- when to ask the provider; 0: never again
    tries    bigint           not null,
    again    bigint           not null                -- times it was refused and asked for anew
);
create index order_refund_of on order_refund (order_id);
create index order_refund_due on order_refund (try_at) where try_at > 0;
create index order_refund_failed on order_refund (order_id) where state = 'refused';

-- What happened to orders. Rows are never changed, and go only with an order that came
-- to nothing.
create table order_event (
    order_id text collate "C" not null references sale_order (id),
    rev      bigint           not null,               -- of the order, as the act left it
    number   bigint           not null,               -- within the act
    at       bigint           not null,
    kind     text collate "C" not null,
    who      text collate "C" not null,               -- buyer, organiser, provider, usher
    text     text collate "C" not null,
    primary key (order_id, rev, number)
);

-- The ledger. Each row moves an amount from one account to another, so all accounts
-- of a currency sum to zero, whatever happens. Rows are never changed and never go.
create table ledger (
    order_id text collate "C" not null references sale_order (id),
    rev      bigint           not null,
    number   bigint           not null,
    at       bigint           not null,
    debit    text collate "C" not null,
    credit   text collate "C" not null check (credit <> debit),
    amount   bigint           not null check (amount > 0),
    currency text collate "C" not null,
    text     text collate "C" not null,
    primary key (order_id, rev, number)
);
create index ledger_by_time on ledger (at);
