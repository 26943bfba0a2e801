-- Venue programs: which bytes of the venue's program daemons saw on chain, by their hash, and what
-- vouches for bytes that the release does not know: the contract suite passed on them, or an operator
-- accepted them.
create table venue_program (
  hash text constraint venue_program_pkey primary key
    constraint venue_program_hash_is_hex check (hash ~ '^[0-9a-f]{64}$'),
  -- The slot of the deployment that was seen last with these bytes; null for bytes that were never seen.
  slot bigint constraint venue_program_slot_sane check (slot >= 0),
  seen_at timestamptz,
  vouched_by text constraint venue_program_vouched_by_known check (vouched_by in ('proven', 'accepted')),
  vouched_at timestamptz,
  reason text,
  constraint venue_program_seen_whole check ((slot is null) = (seen_at is null)),
  constraint venue_program_vouched_whole
    check ((vouched_by is null) = (vouched_at is null) and (vouched_by is null) = (reason is null))
);
