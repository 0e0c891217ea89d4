-- +goose Up

-- The places of an event, by what they are taken from. taken is what is sold and
-- what is held together, one guarded number: a sale moves a hold from held to sold
-- in the hold's own row, so buyers who pay never wait at this one. rev is one more
-- with each act on the pool; whoever changes seats has moved it first.
create table pool (
    event    text    not null,
    code     text    not null,
    name     text    not null,
    capacity integer not null check (capacity >= 0),
    taken    integer not null, -- sold + held
    seated   integer not null, -- 1: each place is a row of seat
    layout   integer not null, -- one more with each change of which seats there are
    rev      integer not null,
    primary key (event, code),
    check (taken >= 0 and taken <= capacity)
) strict;

-- The places of pools that have numbered ones. A seat has one holder or none.
create table seat (
    event  text    not null,
    pool   text    not null,
    place  integer not null, -- from the best, as the organiser lists them
    run    integer not null, -- seats of one run that follow each other are neighbours
    code   text    not null, -- what the ticket says
    holder text    not null, -- id of the hold; '-' for sold without one; '' for free
    rev    integer not null, -- the pool's when holder was set
    primary key (event, pool, code),
    foreign key (event, pool) references pool (event, code)
) strict;
create index seat_rev on seat (event, pool, rev);

-- Who took places, and what became of it. The row is written with the places, and
-- each change of state gives or keeps all of them.
create table hold (
    id         text    primary key,
    event      text    not null,
    owner      text    not null, -- who has to answer for it: an address or an account; '' for nobody
    lines      text    not null, -- JSON: pool, count, seats
    until      integer not null,
    extended   integer not null, -- how often its time was moved by leave
    state      text    not null check (state in ('held', 'sold', 'released', 'expired')),
    made_at    integer not null,
    changed_at integer not null
) strict, without rowid;
create index hold_until on hold (until) where state = 'held';
create index hold_owner on hold (event, owner) where state = 'held';
create index hold_ended on hold (changed_at) where state <> 'held';

-- The hold of somebody who is alone with a wish for counted places of one pool. What
-- is inserted here takes them and makes the hold, when there are enough and the owner
-- has less than most holds open, and otherwise fails for a hold without a state: one
-- statement, where two would need a transaction around them, which costs as much again,
-- and one that gives no row, which costs a table in memory.
create view hold_alone (event, pool, places, owner, most, id, lines, until, now) as
    select event, '', 0, owner, 0, id, lines, until, made_at from hold;
-- +goose StatementBegin
create trigger hold_alone_made instead of insert on hold_alone
begin
    update pool set taken = taken + new.places, rev = rev + 1
    where event = new.event and code = new.pool and seated = 0 and taken + new.places <= capacity
        and (new.owner = '' or new.most > (
            select count(*) from hold where state = 'held' and event = new.event and owner = new.owner));
    insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)
    values (new.id, new.event, new.owner, new.lines, new.until, 0, case when changes() = 1 then 'held' end, new.now, new.now);
end;
-- +goose StatementEnd
