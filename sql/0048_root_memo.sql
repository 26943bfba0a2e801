-- Root memos: the transactions by which the sponsor writes the commitment of a day on chain. Each is stored with its signed bytes
-- before it is sent. A memo that was found on chain without a row, after a loss of rows, has no bytes.
create table root_memo (
  signature text not null,
  day date not null,
  commitment bytea not null,
  bytes bytea,
  last_valid_block_height bigint,
  signed_at timestamptz not null default now(),
  outcome text,
  slot bigint,
  constraint root_memo_pkey primary key (signature),
  constraint root_memo_day_fkey foreign key (day) references daily_root (day),
  constraint root_memo_commitment_length check (octet_length(commitment) = 32),
  constraint root_memo_outcome_check check (outcome in ('landed', 'failed', 'expired', 'contradicted')),
  constraint root_memo_slot_of_executed check ((slot is not null) = coalesce(outcome in ('landed', 'failed', 'contradicted'), false)),
  constraint root_memo_signed check ((bytes is null) = (last_valid_block_height is null) and (bytes is not null or outcome in ('landed', 'contradicted')))
);
comment on table root_memo is 'Transactions of the sponsor that write the commitment of a day on chain. Kept for good.';
comment on column root_memo.outcome is
  'null while it is under way; contradicted: the sponsor wrote another commitment for this day on chain, which the row has';
-- At most one is under way, over all daemons; and each day is written once.
create unique index root_memo_under_way on root_memo ((true)) where outcome is null;
create unique index root_memo_written on root_memo (day) where outcome in ('landed', 'contradicted');

create function root_memo_moves_forward() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'memos of daily roots are never deleted';
  end if;
  if (new.signature, new.day, new.commitment, new.bytes, new.last_valid_block_height, new.signed_at)
     is distinct from (old.signature, old.day, old.commitment, old.bytes, old.last_valid_block_height, old.signed_at) then
    raise exception 'the memo of a daily root is never changed';
  end if;
  -- A memo that counted as expired may be found on chain after all.
  if new.outcome is distinct from old.outcome and old.outcome is not null and not (old.outcome = 'expired' and new.outcome = 'landed') then
    raise exception 'a memo of a daily root cannot go from % to %', old.outcome, new.outcome;
  end if;
  return new;
end $$;
create trigger root_memo_forward before update or delete on root_memo for each row execute function root_memo_moves_forward();
