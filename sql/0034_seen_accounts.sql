-- Accounts seen before they were final: a baseline is a finalized state. An account that was made a
-- moment before its registration does not exist in that state, and yet it exists.
alter table account_check add column seen_slot bigint;
alter table account_check add constraint account_check_seen_slot_check check (seen_slot >= 0);
comment on column account_check.seen_slot is 'confirmed slot in which the account existed when its first finalized state lacked it; null otherwise';
