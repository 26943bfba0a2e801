-- Sources: a sighting tells which source named it. The database holds the words that core/source.ts declares.
alter table sighting add constraint sighting_source_known
  check (source in ('webhook', 'stream', 'watch', 'backfill', 'own', 'repair', 'replay'));
