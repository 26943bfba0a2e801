-- Acts: what somebody asked to be changed, over HTTP or by command, written down before it is done; with the answer while the
-- same request may still be sent again.
create table act (
  act_id bigint generated always as identity primary key,
  at timestamptz not null,
  -- An API key's id, `configured` for one from the environment, `anyone` where no key is asked for, or `command`.
  actor text not null,
  what text not null,
  -- Path and body, without anything secret.
  asked jsonb not null,
  -- Null while it is done, and for good when the daemon ended in the middle of it.
  status integer,
  ended_at timestamptz,
  idempotency_key text,
  fingerprint bytea check ((fingerprint is null) = (idempotency_key is null)),
  answer text
);
-- The same request is done once, however often and to however many daemons it is sent.
create unique index act_once on act (actor, idempotency_key) where idempotency_key is not null;
create index act_by_subscriber on act ((asked #>> '{path,id}'), act_id);

-- A clearance can be taken back: then it ends where it was taken back.
alter table clearance add column revoked_at timestamptz;
