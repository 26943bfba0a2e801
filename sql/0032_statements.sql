-- Statements: when the block of a fact was made, as its node told, and when a debt's close was.
-- Lists are filtered by these times. Facts of earlier releases have none; then the time at which a
-- fact or debt was recorded stands in.
alter table fact add column block_at timestamptz;
comment on column fact.block_at is 'time of the block, as the node told it; null in facts of earlier releases and of account state';
alter table profit_share add column closed_at timestamptz;
comment on column profit_share.closed_at is 'time of the block of the close; null when it is not known';
create index profit_share_by_time on profit_share (coalesce(closed_at, accrued_at));
