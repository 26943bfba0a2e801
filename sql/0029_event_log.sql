-- Event log: events in one order that a reader can pull, and test events.

-- An event takes its place after it is committed, so a reader that goes on from the last place it
-- saw misses no event whose transaction ended later than its number was taken.
alter table event add column place bigint;
alter table event add constraint event_place_once unique (place);
create index event_unplaced on event (sequence) where place is null;
comment on column event.place is 'Where the event stands among all that were pulled; null until a reader pulls.';

-- A test event goes to the endpoint that it names, and to no other.
create or replace function event_fan_out() returns trigger language plpgsql as $$
begin
  -- An endpoint that is removed in this moment is waited for, and then gets nothing: the event itself must not fail.
  insert into event_delivery (endpoint_id, event_id)
  select endpoint_id, new.event_id from endpoint
  where case when new.kind = 'endpoint.test' then endpoint_id = new.body ->> 'endpoint'
    else kinds is null or kinds ? new.kind end
  for key share;
  perform pg_notify('bailiff_event', '');
  return null;
end $$;
