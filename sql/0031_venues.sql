-- The tokens in which venues count profit, and the venues that daemons of this ledger ever served.
-- A daemon adds its venues at its start. A venue's token, and a token's name, are never changed.
create table token (
  mint text not null,
  symbol text not null,
  decimals integer not null,
  constraint token_pkey primary key (mint),
  constraint token_symbol_length check (char_length(symbol) between 1 and 20),
  constraint token_decimals_sane check (decimals between 0 and 18)
);
comment on table token is 'A token in which a venue counts profit. A debt and its payment are in one of them.';
insert into token (mint, symbol, decimals) values ('EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 'USDC', 6);
create trigger token_kept before delete or update on token for each row execute function row_is_kept();

create table venue (
  name text not null,
  mint text not null,
  constraint venue_pkey primary key (name),
  constraint venue_mint_fkey foreign key (mint) references token (mint)
);
comment on table venue is 'A venue that daemons of this ledger serve or served, with its quote token.';
insert into venue (name, mint) values ('drift-v2', 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v');
create trigger venue_kept before delete or update on venue for each row execute function row_is_kept();

-- Everything before this migration is Drift v2's, in USDC. A venue account that names no venue is
-- Drift v2's as well: a daemon of the release before writes such rows.
alter table account add column venue text;
alter table account add constraint account_venue_fkey foreign key (venue) references venue (name);
update account set venue = 'drift-v2' where role = 'drift_user';
alter table account add constraint account_venue_of_drift_user check (venue is null or role = 'drift_user');

-- The token in which a debt is owed, a payment is made, and a withdrawal is permitted.
alter table profit_share add column mint text not null default 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';
alter table profit_share add constraint profit_share_mint_fkey foreign key (mint) references token (mint);
alter table payment add column mint text not null default 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';
alter table payment add constraint payment_mint_fkey foreign key (mint) references token (mint);
alter table clearance add column mint text not null default 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';
alter table clearance add constraint clearance_mint_fkey foreign key (mint) references token (mint);

create function mint_is_kept() returns trigger as $$
begin
  if new.mint is distinct from old.mint then
    raise exception 'the token of a % is never changed', tg_table_name;
  end if;
  return new;
end $$ language plpgsql;
create trigger profit_share_mint_kept before update on profit_share for each row execute function mint_is_kept();
create trigger payment_mint_kept before update on payment for each row execute function mint_is_kept();

-- A payment is in the token of each debt that it covers.
create function payment_covers_its_token() returns trigger as $$
begin
  if not exists (
    select 1 from payment p join profit_share s on s.subscriber_id = p.subscriber_id and s.share_id = new.share_id
    where p.subscriber_id = new.subscriber_id and p.payment_id = new.payment_id and p.mint = s.mint) then
    raise exception 'payment % is not in the token of the debt %', new.payment_id, new.share_id
      using errcode = 'check_violation', constraint = 'payment_share_one_token';
  end if;
  return new;
end $$ language plpgsql;
create trigger payment_share_one_token before insert on payment_share for each row execute function payment_covers_its_token();

-- What a subscriber owes, by token: objects with mint, symbol, decimals and amount, which is decimal
-- text. `outstanding` is the sum of the amounts, and is 0 exactly when nothing is owed.
alter table standing add column owed jsonb not null default '[]';
alter table standing add constraint standing_owed_by_token check (jsonb_typeof(owed) = 'array');
alter table standing_change add column owed jsonb not null default '[]';
update standing set owed = jsonb_build_array(jsonb_build_object('mint', 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  'symbol', 'USDC', 'decimals', 6, 'amount', outstanding::text)) where outstanding > 0;
update standing_change set owed = jsonb_build_array(jsonb_build_object('mint', 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  'symbol', 'USDC', 'decimals', 6, 'amount', outstanding::text)) where outstanding > 0;
