-- Service keys: an agent key is sealed in this row, or kept by a service that signs when it is asked.
alter table agent_key alter column sealed drop not null;
alter table agent_key
  add column service text,
  add column service_key text,
  add constraint agent_key_service_known check (service in ('vault', 'aws-kms', 'turnkey', 'fireblocks')),
  add constraint agent_key_service_named check ((service is null) = (service_key is null)),
  add constraint agent_key_sealed_or_at_service check ((sealed is null) = (service is not null));
comment on table agent_key is 'The key of an agent wallet: its secret, sealed with the master key and bound to this subscriber and public key, or its name at a service that signs with it.';
comment on column agent_key.service is 'The service that keeps the secret; null when this row does.';
comment on column agent_key.service_key is 'The name of the key at the service.';
