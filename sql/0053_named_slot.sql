-- Named slot: the doubt about an account that is not followed ends only by an answer of a node that has seen the last
-- transaction that named the account. Its row kept the slot of the first one alone.
alter table unfollowed add column named_slot bigint;
-- No row tells when its account was named last. No transaction that is on record is newer than the newest fact.
update unfollowed set named_slot = greatest(from_slot + 1, (select max(slot) from fact));
alter table unfollowed alter column named_slot set not null;
alter table unfollowed add constraint unfollowed_named_check check (named_slot >= from_slot);
comment on column unfollowed.from_slot is 'The slot before the first transaction that named the account. It is followed from there.';
comment on column unfollowed.named_slot is 'The slot of the last transaction that named the account. The state of an earlier slot ends no doubt.';
comment on table unfollowed is 'A token account beyond those that are followed, or the counter of sub-accounts beyond those.';
