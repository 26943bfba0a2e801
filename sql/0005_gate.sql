-- Gate: since when somebody owes, and who exists, in the same gapless series of revisions.
alter table standing add column owed_since timestamptz;
alter table standing_change add column owed_since timestamptz;
update standing set owed_since = now() where outstanding > 0;

-- Whoever was registered before this has had no change of their own yet.
do $$
declare
  missing record;
  next bigint;
begin
  for missing in
    select s.* from standing s
    where not exists (select 1 from standing_change c where c.subscriber_id = s.subscriber_id) order by s.subscriber_id
  loop
    update revision set last = last + 1 returning last into next;
    update standing set revision = next where subscriber_id = missing.subscriber_id;
    insert into standing_change (revision, subscriber_id, standing, outstanding, reason, evidence, owed_since)
    values (next, missing.subscriber_id, missing.standing, missing.outstanding, missing.reason, missing.evidence, missing.owed_since);
  end loop;
end $$;
