-- +goose Up

-- The places of an event, by what they are taken from. taken is what is sold and
-- what is held together, one guarded number: a sale moves a hold from held to sold
-- in the hold's own row, so buyers who pay never wait at this one. rev is one more
-- with each act on the pool; whoever changes seats has moved it first.
--
-- Its rows are few and change with every batch: the free space lets each change
-- stay in its page, where no index has to be told.
create table pool (
    event    text collate "C" not null,
    code     text collate "C" not null,
    name     text collate "C" not null,
    capacity bigint           not null check (capacity >= 0),
    taken    bigint           not null, -- sold + held
    seated   bigint           not null, -- 1: each place is a row of seat
    layout   bigint           not null, -- one more with each change of which seats there are
    rev      bigint           not null,
    primary key (event, code),
    check (taken >= 0 and taken <= capacity)
) with (fillfactor = 50);

-- The places of pools that have numbered ones. A seat has one holder or none.
create table seat (
    event  text collate "C" not null,
    pool   text collate "C" not null,
    place  bigint           not null, -- from the best, as the organiser lists them
    run    bigint           not null, -- seats of one run that follow each other are neighbours
    code   text collate "C" not null, -- what the ticket says
    holder text collate "C" not null, -- id of the hold; '-' for sold without one; '' for free
    rev    bigint           not null, -- the pool's when holder was set
    primary key (event, pool, code),
    foreign key (event, pool) references pool (event, code)
);
create index seat_rev on seat (event, pool, rev);

-- Who took places, and what became of it. The row is written with the places, and
-- each change of state gives or keeps all of them.
create table hold (
    id         text collate "C" primary key,
    event      text collate "C" not null,
    owner      text collate "C" not null, -- who has to answer for it: an address or an account; '' for nobody
    lines      text collate "C" not null, -- JSON: pool, count, seats
    until      bigint           not null,
    extended   bigint           not null, -- how often its time was moved by leave
    state      text collate "C" not null check (state in ('held', 'sold', 'released', 'expired')),
    made_at    bigint           not null,
    changed_at bigint           not null
);
create index hold_until on hold (until) where state = 'held';
create index hold_owner on hold (event, owner) where state = 'held';
create index hold_ended on hold (changed_at) where state <> 'held';

-- hold_batch decides a batch of one event's requests for counted places, and ends
-- holds, in one statement: what server/inventory does on SQLite in a transaction.
-- Each statement of a function sees what was committed before it, so nothing that
-- is read after the pools are locked can be old.
--
-- Request i is ids[i], owners[i], untils[i], texts[i] (its lines, as JSON); wants
-- has how many places of each pool it wants, one request after the other, and
-- firsts[i] is the first request of the same owner, 0 for one without a limit.
--
-- verdicts[i] is 0 when the places were taken, 1 when there aren't enough, 2 when
-- the owner has too many open holds. lefts has, for each that was refused, what
-- each pool had left then, -1 for one that isn't there; and at its end what the
-- pools have left now. slow says that nothing was done, as it is about seats or
-- about holds that are there already: those are decided by the transaction.
-- +goose StatementBegin
create function hold_batch(
    in_event text, now_ms bigint, max_open bigint, pools text[],
    ids text[], owners text[], firsts bigint[], untils bigint[], texts text[], wants bigint[],
    releases text[], expiries text[],
    out verdicts bigint[], out lefts bigint[], out ended text[], out slow boolean
) language plpgsql
-- Whatever the statistics say, each look is for a few rows of many, and the same
-- plan is good for every batch.
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    requests constant int := cardinality(ids);
    width    constant int := cardinality(pools);
    codes    text[] := pools;
    was      bigint[];
    free     bigint[];
    opened   bigint[];
    verdict  bigint;
    base     int;
    one      record;
begin
    verdicts := '{}'; lefts := '{}'; ended := '{}'; slow := false;
    -- Holds that end are locked before pools, everywhere, so that no two servers
    -- wait for each other; one that another server is expiring is left to it.
    if cardinality(releases) + cardinality(expiries) > 0 then
        -- The state is asked for in a way that no index has: rows are found by their ids,
        -- and not among all that are held.
        ended := array(select h.id from hold h where h.id = any(releases) and h.state || '' = 'held' order by h.id for update)
              || array(select h.id from hold h where h.id = any(expiries) and h.state = 'held' and h.until <= now_ms
                       order by h.id for update skip locked);
        codes := codes || array(
            select distinct l.pool from hold h, jsonb_to_recordset(h.lines::jsonb) as l(pool text)
            where h.id = any(ended) and l.pool <> all(pools));
    end if;

    free := array_fill(-1::bigint, array[cardinality(codes)]);
    for one in select p.code, p.capacity - p.taken as places, p.seated from pool p
               where p.event = in_event and p.code = any(codes) order by p.code for update loop
        slow := slow or one.seated = 1;
        free[array_position(codes, one.code)] := one.places;
    end loop;
    slow := slow or exists (select 1 from hold h where h.id = any(ids));
    if slow then
        ended := '{}';
        return;
    end if;
    was := free;

    if cardinality(ended) > 0 then
        for one in select l.pool, sum(l.count)::bigint as places from hold h, jsonb_to_recordset(h.lines::jsonb) as l(pool text, count bigint)
                   where h.id = any(ended) group by l.pool loop
            base := array_position(codes, one.pool);
            if free[base] < 0 then
                raise exception 'places of pool % are held, which event % does not have', one.pool, in_event;
            end if;
            free[base] := free[base] + one.places;
        end loop;
        update hold h set state = case when h.id = any(releases) then 'released' else 'expired' end, changed_at = now_ms
        where h.id = any(ended);
    end if;

    if requests > 0 then
        opened := array(
            select case when o.first <> o.at then 0 else
                (select count(*) from hold h where h.state = 'held' and h.event = in_event and h.owner = o.owner) end
            from unnest(owners, firsts) with ordinality as o(owner, first, at) order by o.at);
    end if;
    for i in 1 .. requests loop
        base := (i - 1) * width;
        verdict := 0;
        if firsts[i] > 0 and opened[firsts[i]] >= max_open then
            verdict := 2;
        else
            for j in 1 .. width loop
                if wants[base + j] > 0 and wants[base + j] > free[j] then
                    verdict := 1;
                    exit;
                end if;
            end loop;
        end if;
        verdicts[i] := verdict;
        if verdict <> 0 then
            lefts := lefts || free[1:width];
        else
            for j in 1 .. width loop
                free[j] := free[j] - wants[base + j];
            end loop;
            if firsts[i] > 0 then
                opened[firsts[i]] := opened[firsts[i]] + 1;
            end if;
        end if;
    end loop;
    lefts := lefts || free[1:width];

    for j in 1 .. cardinality(codes) loop
        if free[j] <> was[j] then
            update pool p set taken = p.taken + was[j] - free[j], rev = p.rev + 1
            where p.event = in_event and p.code = codes[j] and p.taken + was[j] - free[j] between 0 and p.capacity;
            if not found then
                raise exception 'pool % of event % has no room for what was taken', codes[j], in_event;
            end if;
        end if;
    end loop;
    insert into hold (id, event, owner, lines, until, extended, state, made_at, changed_at)
    select r.id, in_event, r.owner, r.lines, r.until, 0, 'held', now_ms, now_ms
    from unnest(ids, owners, untils, texts, verdicts) as r(id, owner, until, lines, verdict) where r.verdict = 0;
end $$;
-- +goose StatementEnd
