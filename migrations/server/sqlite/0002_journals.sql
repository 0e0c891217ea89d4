-- +goose Up

-- One row an event that has a journal. Every act that adds records touches it
-- first, which makes rivals wait and arrival numbers come in the order of commits.
create table journal (
    event text    primary key,
    rev   integer not null
) strict;

-- The head of each chain: what the records say, kept beside them.
create table chain (
    event text    not null,
    node  text    not null,
    epoch integer not null,
    seq   integer not null,
    hash  blob    not null,
    primary key (event, node, epoch)
) strict;

-- Records of every author, the server's own among them. The id is the number of
-- arrival. Rows are never changed and never go.
create table record (
    id          integer primary key,
    event       text    not null,
    node        text    not null,
    epoch       integer not null,
    seq         integer not null,
    kind        integer not null,
    hash        blob    not null,
    received_at integer not null,
    bytes       blob    not null
) strict;
create unique index record_by_number on record (event, node, epoch, seq);
create index record_by_arrival on record (event, id);
-- What the server wrote is little; finding it must not cost a look at every scan.
create index record_of_server on record (event, kind, id) where kind >= 16;

-- Proof that an author wrote two records with one number.
create table fork (
    event   text    not null,
    node    text    not null,
    epoch   integer not null,
    seq     integer not null,
    held    blob    not null,
    seen    blob    not null,
    kept_at integer not null,
    primary key (event, node, epoch, seq)
) strict;

-- The newest checkpoint of each chain, the server's own and those it was told.
create table checkpoint (
    event text    not null,
    node  text    not null,
    epoch integer not null,
    seq   integer not null,
    time  integer not null,
    bytes blob    not null,
    primary key (event, node, epoch)
) strict;
