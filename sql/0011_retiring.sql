-- A subscriber may leave, owing nothing and holding nothing: nobody watches it any more, and what happened stays on record.
alter table subscriber add column retired_at timestamptz;
alter table standing drop constraint standing_standing_check;
alter table standing add constraint standing_standing_check check (standing in ('good', 'delinquent', 'retired'));
-- What the account holds has to be read anew when terms are agreed again: meanwhile nobody watched it.
alter table subscription add column dormant boolean not null default false;
