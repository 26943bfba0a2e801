-- The venue at which bytes were seen; null for bytes that are only vouched for. Daemons before this
-- migration served one venue at a time, so bytes seen by them belong to the venue of the accounts.
alter table venue_program add column venue text;
alter table venue_program add constraint venue_program_venue_fkey foreign key (venue) references venue (name);
comment on column venue_program.venue is 'venue at which the bytes were seen; null for bytes that are only vouched for';
update venue_program set venue = coalesce((select min(a.venue) from account a where a.venue is not null), 'drift-v2')
where slot is not null;
