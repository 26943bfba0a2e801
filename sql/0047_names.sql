-- One word for one thing: to settle is to settle PnL at the venue, or to pay debts. A sighting was read.
alter table sighting rename column settled_at to read_at;
alter table sighting rename column settled_revision to read_revision;
alter index sighting_unsettled rename to sighting_to_read;
comment on column sighting.read_at is 'When its facts were recorded last.';
comment on column sighting.read_revision is 'The revision of the watch-list that this reading covered; null where an earlier release read it.';
