// Agent keys: stores the key of each agent wallet: its secret, sealed, or its name at a service.
import type { AgentKey, RemoteKey } from '../core/agent-key.ts';
import type { Address } from '../core/ids.ts';
import type { SignerService } from '../core/service-key.ts';
import type { Sql, Transaction } from './database.ts';

export type StoredKey = { readonly subscriber_id: string; readonly public_key: Address } & (
  | { readonly sealed: Uint8Array; readonly service: null; readonly service_key: null }
  | { readonly sealed: null; readonly service: SignerService; readonly service_key: string }
);

/** A stored row as a key. */
export function keyOf(row: StoredKey): AgentKey {
  const named = { subscriberId: row.subscriber_id, publicKey: row.public_key };
  return row.sealed === null
    ? { ...named, at: { service: row.service, key: row.service_key } }
    : { ...named, sealed: row.sealed };
}

/** Stores a key in the place of the one before. */
export async function putAgentKey(sql: Sql | Transaction, key: AgentKey): Promise<void> {
  const [sealed, at] = 'at' in key ? [null, key.at] : [Buffer.from(key.sealed), null];
  await sql`
    insert into agent_key (subscriber_id, public_key, sealed, service, service_key)
    values (${key.subscriberId}, ${key.publicKey}, ${sealed}, ${at?.service ?? null}, ${at?.key ?? null})
    on conflict (subscriber_id) do update set public_key = excluded.public_key, sealed = excluded.sealed,
      service = excluded.service, service_key = excluded.service_key`;
}

/** How many keys each service keeps, and the first `limit` of each in the order of subscribers. */
export async function remoteKeys(
  sql: Sql,
  limit: number,
): Promise<{ service: SignerService; count: number; first: RemoteKey[] }[]> {
  const rows = await sql<
    {
      service: SignerService;
      service_key: string;
      subscriber_id: string;
      public_key: Address;
      count: number;
    }[]
  >`
    select * from (
      select service, service_key, subscriber_id, public_key, (count(*) over (partition by service))::integer as count,
        row_number() over (partition by service order by subscriber_id) as place
      from agent_key where service is not null) t
    where place <= ${limit} order by service, subscriber_id`;
  const services = [...new Set(rows.map((row) => row.service))];
  return services.map((service) => {
    const own = rows.filter((row) => row.service === service);
    return {
      service,
      count: own[0]?.count ?? 0,
      first: own.map((row) => ({
        subscriberId: row.subscriber_id,
        publicKey: row.public_key,
        at: { service, key: row.service_key },
      })),
    };
  });
}
