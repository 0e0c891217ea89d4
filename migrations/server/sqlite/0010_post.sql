-- +goose Up

-- Mail on its way: queued in the transaction of what it tells of, and written
-- only when it is sent. A mail that somebody is sending has a due_at in the
-- future, up to which nobody else takes it.
create table mail (
    id        text    not null primary key, -- what it is queued under; its Message-ID follows from it
    kind      text    not null,             -- what it tells
    about     text    not null,             -- an order
    detail    text    not null,
    address   text    not null,             -- to whom
    state     text    not null,             -- waiting, sent, failed, dropped
    tries     integer not null,
    queued_at integer not null,             -- Unix ms, as all that follow
    due_at    integer not null,             -- not to be tried before
    done_at   integer not null,             -- 0: waiting
    problem   text    not null              -- of the newest try
) strict;
create index mail_due on mail (due_at) where state = 'waiting';
create index mail_failed on mail (done_at) where state = 'failed';
create index mail_about on mail (about);

-- The development inbox, where mail arrives that goes nowhere else.
create table inbox_mail (
    id         text    not null primary key, -- from its Message-ID and its recipients
    arrived_at integer not null,             -- Unix ms
    recipients text    not null,             -- of the envelope
    subject    text    not null,
    files      integer not null,             -- how many are attached
    raw        blob    not null              -- the message of RFC 5322
) strict;
create index inbox_mail_by_time on inbox_mail (arrived_at);
