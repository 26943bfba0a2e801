-- Hearing everything: more kinds of facts, and what account state says of their sums.

alter table fact drop constraint fact_kind_check;
alter table fact add constraint fact_kind_check
  check (kind in ('close', 'outflow', 'tally', 'unknown', 'reckoning', 'notice'));
create index fact_counted on fact (account, slot) where kind in ('tally', 'unknown', 'reckoning');

-- When an account joined the watch-list: transactions that were read before did not look for it.
alter table account add column watched_at timestamptz not null default now();
-- When the cursor last moved: every rumour of the slots below it was noted by then.
alter table account add column cursor_at timestamptz not null default now();
alter table sighting add column settled_at timestamptz;
-- Compared with cursor_at, so both are the database's own time, whichever daemon writes.
alter table sighting add column noted_at timestamptz not null default now();
-- A transaction is read again when an account that it touches joins the watch-list later.
create index sighting_unsettled on sighting (first_seen_at) where status in ('wanted', 'confirmed');

-- Account state at finalized slots against the facts: `baseline` is a state whose every earlier change is accounted for,
-- `candidate` a later one that waits until everything up to its slot has been heard.
create table account_check (
  address text primary key references account,
  subscriber_id text not null references subscriber,
  baseline jsonb not null,
  candidate jsonb,
  -- What the facts between the two do not explain, by counter; null when they explain everything.
  difference jsonb,
  unexplained_since timestamptz check ((difference is null) = (unexplained_since is null)),
  checked_at timestamptz
);
create index account_check_open on account_check (unexplained_since) where unexplained_since is not null;

-- A row holds the bodies that were committed together. Rows from before this hold one body as it came.
alter table delivery add column packing text not null default 'none' check (packing in ('none', 'zstd'));
alter table delivery alter column body set storage external;
