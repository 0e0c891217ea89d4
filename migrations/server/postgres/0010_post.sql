-- +goose Up

-- Mail on its way: queued in the transaction of what it tells of, and written
-- only when it is sent. A mail that somebody is sending has a due_at in the
-- future, up to which nobody else takes it.
create table mail (
    id        text collate "C" not null primary key, -- what it is queued under; its Message-ID follows from it
    kind      text collate "C" not null,             -- what it tells
    about     text collate "C" not null,             -- an order
    detail    text collate "C" not null,
    address   text collate "C" not null,             -- to whom
    state     text collate "C" not null,             -- waiting, sent, failed, dropped
    tries     bigint           not null,
    queued_at bigint           not null,             -- Unix ms, as all that follow
    due_at    bigint           not null,             -- not to be tried before
    done_at   bigint           not null,             -- 0: waiting
    problem   text collate "C" not null              -- of the newest try
);
create index mail_due on mail (due_at) where state = 'waiting';
create index mail_failed on mail (done_at) where state = 'failed';
create index mail_about on mail (about);

-- The development inbox, where mail arrives that goes nowhere else.
create table inbox_mail (
    id         text collate "C" not null primary key, -- from its Message-ID and its recipients
    arrived_at bigint           not null,             -- Unix ms
    recipients text collate "C" not null,             -- of the envelope
    subject    text collate "C" not null,
    files      bigint           not null,             -- how many are attached
    raw        bytea            not null              -- the message of RFC 5322
);
create index inbox_mail_by_time on inbox_mail (arrived_at);
