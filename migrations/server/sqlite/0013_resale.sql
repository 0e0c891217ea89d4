-- +goose Up

-- Tickets that people who bought them sell on. The place of a listing is a pool of its
-- own ('aside/' and the id). An open one is under way in ticket_pending, too: there it
-- ends first when the ticket changes. Amounts are minor units.
create table resale_listing (
    id           text    not null primary key,
    event        text    not null,
    ticket       text    not null,             -- 16 hexadecimal digits
    state        text    not null check (state in ('open', 'sold', 'ended')),
    offer        text    not null,             -- code of the product
    product      integer not null,
    name         text    not null,             -- of the product
    names        integer not null,             -- 1: the ticket asks for its holder's name
    home         text    not null,             -- the pool that the place is of
    seat         text    not null,             -- '' for none
    face         integer not null,             -- what the ticket cost at first, with its own fee
    price        integer not null check (price > 0), -- what the seller asks
    seller_fee   integer not null check (seller_fee between 0 and price),
    buyer_fee    integer not null check (buyer_fee >= 0),
    fee_tax      integer not null,             -- included in both, basis points
    currency     text    not null,
    seller_order text    not null references sale_order (id),
    seller_name  text    not null,
    seller_email text    not null,
    own          integer not null,             -- 1: the seller is who paid that order
    account      text    not null,             -- how they want to be paid by hand; '' for not said
    language     text    not null,
    made_at      integer not null,             -- Unix ms
    changed_at   integer not null,
    why          text    not null,             -- it ended; '' otherwise
    kept_for     text    not null,             -- who on the waiting list may buy it; '' for everybody
    kept_until   integer not null,
    buyer_order  text    not null,             -- '' for not sold
    bought_back  integer not null,             -- 1: the organiser has paid the buyer back
    payout       text    not null check (payout in ('', 'held', 'undone', 'credited', 'withheld')),
    card         integer not null check (card >= 0), -- credited: to where the seller's payment came from
    hand         integer not null check (hand >= 0), -- credited: by hand
    hand_paid    integer not null check (hand_paid between 0 and hand), -- of that, so far
    hand_at      integer not null,             -- when some of it was paid last; 0: not yet
    hand_how     text    not null,
    aside        integer not null default 1,             -- 1: its pool is there, which goes when nobody can buy it any more
    check (payout <> 'credited' or card + hand + seller_fee = price)
) strict;
create unique index resale_listing_open on resale_listing (event, ticket) where state = 'open';
create index resale_listing_by_event on resale_listing (event, state, made_at, id);
create index resale_listing_held on resale_listing (event) where payout = 'held';
create index resale_listing_kept on resale_listing (kept_until) where kept_for <> '' and state = 'open';
create index resale_listing_over on resale_listing (id) where aside = 1 and state <> 'open';
create index resale_listing_of_seller on resale_listing (seller_order);
create index resale_listing_of_ticket on resale_listing (event, ticket);

-- Who waits for a ticket.
create table resale_wait (
    id         text    not null primary key,
    event      text    not null,
    email      text    not null,
    language   text    not null,
    wanted     integer not null check (wanted > 0),
    remaining  integer not null check (remaining >= 0), -- of these, not offered yet
    made_at    integer not null,
    changed_at integer not null,
    unique (event, email)
) strict;
create index resale_wait_first on resale_wait (event, made_at, id) where remaining > 0;

-- What was offered to whom on the waiting list: nobody is offered the same twice.
create table resale_offer (
    listing text    not null references resale_listing (id),
    waiter  text    not null references resale_wait (id),
    made_at integer not null,
    primary key (listing, waiter)
) strict;
