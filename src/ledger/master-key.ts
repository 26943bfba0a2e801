// Master key: stores the known text that is sealed under the master key, and samples sealed
// secrets. Both show whether a given key is the right one.
import { agentKeyBinding, endpointBinding } from '../core/bindings.ts';
import type { MasterKeyBook } from '../core/master-key.ts';
import type { Sql } from './database.ts';

const SAMPLED_MOST = 20;

/** Creates the store behind the check of the master key. */
export function createMasterKeyBook(sql: Sql): MasterKeyBook {
  const kept = async (): Promise<Uint8Array | null> => {
    const [row] = await sql<{ sealed: Uint8Array }[]>`select sealed from master_key_check`;
    return row?.sealed ?? null;
  };
  return {
    kept,
    async keep(sealed) {
      await sql`
        insert into master_key_check (sealed) values (${Buffer.from(sealed)})
        on conflict on constraint master_key_check_single do nothing`;
      return (await kept()) ?? sealed;
    },
    async replace(sealed) {
      await sql`update master_key_check set sealed = ${Buffer.from(sealed)}, noted_at = now()`;
    },
    async sample() {
      const keys = await sql<{ id: string; public_key: string; sealed: Uint8Array }[]>`
        select subscriber_id as id, public_key, sealed from agent_key where sealed is not null order by subscriber_id limit ${SAMPLED_MOST}`;
      const secrets = await sql<{ id: string; secret: string }[]>`
        select endpoint_id as id, secrets ->> 0 as secret from endpoint where secrets ->> 0 is not null
        order by endpoint_id limit ${SAMPLED_MOST}`;
      return [
        ...keys.map(({ id, public_key: key, sealed }) => ({
          bound: agentKeyBinding(id, key),
          sealed,
        })),
        ...secrets.map(({ id, secret }) => ({
          bound: endpointBinding(id),
          sealed: Buffer.from(secret, 'hex'),
        })),
      ];
    },
  };
}
