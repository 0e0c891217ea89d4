-- +goose Up

-- Orders. The id is random, and is also that of the order's hold. Whatever changes
-- an order moves rev first, so rivals wait for each other.
create table sale_order (
    id         text    not null primary key,
    code       text    not null,             -- what people know it by
    event      text    not null,
    state      text    not null,
    rev        integer not null,
    asked      text    not null,             -- SHA-256 of the cart: the same key asks for the same
    currency   text    not null,             -- ISO 4217; of all amounts here, minor units
    total      integer not null check (total >= 0),
    paid       integer not null check (paid >= 0),
    refunded   integer not null check (refunded >= 0),
    paid_out   integer not null check (paid_out >= 0), -- to who bought here and sold on, as a part of what they had paid
    cart       text    not null,             -- JSON: what is bought, at the prices of then
    details    text    not null,             -- JSON: buyer, holders, answers; '' before they are given
    name       text    not null,             -- the buyer's, to find it by
    email      text    not null,
    until      integer not null,             -- Unix ms: when places go back, or an invoice is due
    over_at    integer not null,             -- until, while it may still end by itself; else 0
    extended   integer not null,
    method     text    not null,             -- how it is paid; '' before it is known
    attempt    integer not null,             -- number of the newest try to pay
    ref        text    not null,             -- of the try at the provider that is under way; '' for none
    url        text    not null,             -- where the buyer pays
    tickets    text    not null,             -- JSON: ids; '' before they are issued
    made_at    integer not null,             -- Unix ms
    changed_at integer not null,
    paid_at    integer not null,             -- 0: not paid
    check (refunded + paid_out <= paid)
) strict;
create unique index sale_order_by_code on sale_order (code);
create index sale_order_over on sale_order (over_at) where over_at > 0;
create index sale_order_by_time on sale_order (made_at, id);
create index sale_order_by_event on sale_order (event, made_at, id);
create index sale_order_by_state on sale_order (event, state, made_at, id);
create index sale_order_abandoned on sale_order (made_at) where state = 'left' or state = 'expired';

-- The words that an order is found by: of the buyer's name and address, folded as
-- people take them for the same. They follow from the order.
create table sale_word (
    word     text    not null,
    made_at  integer not null,               -- of the order
    order_id text    not null,
    primary key (word, made_at, order_id)
) strict, without rowid;

-- Money that came in for orders, or may yet. A payment is the order's own when it
-- was accepted, and an order has one such at most; any other goes back.
create table order_payment (
    provider   text    not null,             -- stripe, sandbox, bank, cash
    ref        text    not null,
    order_id   text    not null references sale_order (id),
    state      text    not null,
    accepted   integer not null,
    amount     integer not null,
    currency   text    not null,
    fee        integer not null,             -- what the provider keeps
    dispute    text    not null,
    taken      integer not null,             -- by disputes, of which
    won        integer not null,
    lost       integer not null,
    made_at    integer not null,
    changed_at integer not null,
    look_at    integer not null,             -- when to ask the provider again; 0: never
    looks      integer not null,
    primary key (provider, ref)
) strict;
create unique index order_payment_accepted on order_payment (order_id) where accepted = 1;
create index order_payment_of on order_payment (order_id);
create index order_payment_look on order_payment (look_at) where look_at > 0;

-- Money that goes back. The id is the key under which the provider is asked, with again.
create table order_refund (
    id       text    not null primary key,
    order_id text    not null references sale_order (id),
    provider text    not null,
    ref      text    not null,               -- of the payment
    state    text    not null,               -- asked, done, refused, by_hand (refused, and given by other means), charged_back
    amount   integer not null check (amount >= 0),
    kept     integer not null check (kept >= 0), -- of what was given back, by the event's terms
    currency text    not null,
    why      text    not null,
    problem  text    not null,               -- of the newest try
    asked    text    not null,               -- for what, or the SHA-256 of it; empty: nobody here, it was made at the provider
    made_at  integer not null,
    done_at  integer not null,               -- 0: not yet
    try_at   integer not null,               -- when to ask the provider; 0: never again
    tries    integer not null,
    again    integer not null                -- times it was refused and asked for anew
) strict;
create index order_refund_of on order_refund (order_id);
create index order_refund_due on order_refund (try_at) where try_at > 0;
create index order_refund_failed on order_refund (order_id) where state = 'refused';

-- What happened to orders. Rows are never changed, and go only with an order that came
-- to nothing.
create table order_event (
    order_id text    not null references sale_order (id),
    rev      integer not null,               -- of the order, as the act left it
    number   integer not null,               -- within the act
    at       integer not null,
    kind     text    not null,
    who      text    not null,               -- buyer, organiser, provider, usher
    text     text    not null,
    primary key (order_id, rev, number)
) strict;

-- The ledger. Each row moves an amount from one account to another, so all accounts
-- of a currency sum to zero, whatever happens. Rows are never changed and never go.
create table ledger (
    order_id text    not null references sale_order (id),
    rev      integer not null,
    number   integer not null,
    at       integer not null,
    debit    text    not null,
    credit   text    not null check (credit <> debit),
    amount   integer not null check (amount > 0),
    currency text    not null,
    text     text    not null,
    primary key (order_id, rev, number)
) strict;
create index ledger_by_time on ledger (at);
