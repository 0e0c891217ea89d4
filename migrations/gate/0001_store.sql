-- +goose Up

-- What the gate knows: records of every author. All else that a gate needs to
-- decide is computed from them at start. Chains are numbered from 1 as they come;
-- the gate's own has the highest number there is, 2^20.
create table chain (
    number integer primary key,
    node   text    not null,
    epoch  integer not null,
    unique (node, epoch)
) strict;

-- One tree, ordered by number and place, and no index beside it: a scan is one
-- record, added at the end, and its commit one page.
create table record (
    id    integer primary key, -- the chain's number * 2^40 + the record's number in the chain
    bytes blob    not null
) strict;

-- Proof that an author wrote two records with one number.
create table fork (
    node  text    not null,
    epoch integer not null,
    seq   integer not null,
    held  blob    not null,
    seen  blob    not null,
    primary key (node, epoch, seq)
) strict;

-- The newest checkpoint of each chain, ours and those that were relayed to us.
create table checkpoint (
    node  text    not null,
    epoch integer not null,
    time  integer not null,
    bytes blob    not null,
    primary key (node, epoch)
) strict;

-- Who this gate is. One row.
create table enrolment (
    only_row    integer primary key check (only_row = 1),
    event       text    not null,
    gate        text    not null,
    role        text    not null,
    name        text    not null,
    server_url  text    not null,
    server_node text    not null,
    pins        blob    not null,
    ring        blob    not null,
    node        text    not null,
    enrolled_at integer not null,
    record      blob    not null,          -- the server's, which enrolled it: other gates may not have heard of it yet
    complete    integer not null default 0 -- 1 once the first download reached a checkpoint of the server
) strict;

-- The best measurement of the clock's offset to the server. One row.
create table clock (
    only_row    integer primary key check (only_row = 1),
    offset_ms   integer not null,
    error_ms    integer not null,
    measured_at integer not null
) strict;

-- Own records whose verdict a person saw, of the newest ones. Not in the
-- transaction of the scan: it only decides whether a green is shown once more
-- after a crash.
create table shown (
    seq integer primary key
) strict;

-- Wrong PINs in a row, of each person and of the device as a whole, so that
-- starting the gate anew gives nobody another try.
create table tries (
    who    text    primary key, -- a person's id, or 'device'
    failed integer not null
) strict;

-- The end of the device's last shift: what was written behind it is the next one.
-- One row.
create table shift_end (
    only_row integer primary key check (only_row = 1),
    at_ms    integer not null,
    seq      integer not null, -- the newest own record then
    by_whom  text    not null,
    alone    integer not null, -- own records that nobody else was known to hold
    unsent   integer not null,
    forced   integer not null
) strict;

-- What is written to see that the disk takes it. One row.
create table trial (
    only_row integer primary key check (only_row = 1),
    times    integer not null
) strict;
