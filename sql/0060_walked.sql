-- A daemon that starts compares each account with its pulse at the last walk, and walks only the histories of those that
-- changed.
alter table account
  add column walked_at timestamptz,
  add column walked_slot bigint,
  add column walked_pulse bytea,
  add constraint account_walked_whole check (
    (walked_at is null) = (walked_slot is null) and (walked_at is null) = (walked_pulse is null)
  ),
  -- A statement that moves the cursor back must clear the walk, which reached further than the history is known then.
  add constraint account_walked_before_cursor check (walked_slot <= cursor_slot);
comment on table account is 'A watched account. The cursor is the last finalized slot that a backfill has scanned whole. `walked_at` is when the last walk to the end of its history began that read its pulse, the bytes by which a change is noticed, in the finalized slot `walked_slot`.';
