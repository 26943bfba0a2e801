-- Lost acts: what was acknowledged to a client, and is not in a database that went back in time.

-- A database that lost its last acts gives their numbers out again. The nonce tells the two apart.
alter table act add column nonce uuid not null default gen_random_uuid();
create unique index act_nonce on act (nonce);

-- Found by a daemon that remembers the act, or by a command that reads a daemon's log.
create table lost_act (
  nonce uuid constraint lost_act_pkey primary key,
  at timestamptz not null,
  actor text not null,
  what text not null,
  asked jsonb not null,
  status integer not null,
  -- `nothing` is left of it, or its `beginning` alone: what it did may be lost in part.
  kept text not null constraint lost_act_kept_known check (kept in ('nothing', 'beginning')),
  found_at timestamptz not null default now(),
  -- Who has looked at it, when and with which reason.
  reviewed jsonb
);
create index lost_act_waiting on lost_act (found_at) where reviewed is null;
