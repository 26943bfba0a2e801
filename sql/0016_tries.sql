-- Tries: what became of the payments that a debt was in, so that fees are spent with sense, and how long it is held back.
alter table profit_share
  -- Errors that are in no table; past a stated number the debt waits for a person.
  add column unexpected integer not null default 0
    constraint profit_share_unexpected_counts check (unexpected >= 0),
  -- Payments that were executed with an error since the last one that landed. Each cost a fee.
  add column failures integer not null default 0
    constraint profit_share_failures_counts check (failures >= 0),
  -- Payments that expired unexecuted since the last one that landed. The price rises with each.
  add column expiries integer not null default 0
    constraint profit_share_expiries_counts check (expiries >= 0),
  -- After a failure on chain nothing of this subscriber is tried before, whatever happens to its accounts.
  add column held_until timestamptz;
create index profit_share_held on profit_share (subscriber_id, held_until) where held_until is not null;
