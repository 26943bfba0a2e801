-- A suspicion is counted in each token by itself; it names the token with the largest sum.
alter table suspicion add column mint text not null default 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';
alter table suspicion add constraint suspicion_mint_fkey foreign key (mint) references token (mint);
