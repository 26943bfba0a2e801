// Heard rows: reads the tables of what a test's ledger heard of the chain: facts, sightings,
// watched accounts and their checks, webhook deliveries. As in rows.ts, rows come whole and in
// their natural order.
import type { Fact, FactBody, Finality } from '../../src/core/fact.ts';
import type { Address, Signature, Slot } from '../../src/core/ids.ts';
import type { AccountState, Counters } from '../../src/core/reckoning.ts';
import { readBody } from '../../src/ledger/facts.ts';
import { type Ledgered, read } from './rows.ts';

export type FactRow<Body extends FactBody = FactBody> = {
  subscriberId: string;
  account: Address;
  signature: Signature;
  slot: Slot;
  ordinal: number;
  blockIndex: number | null;
  finality: Finality;
  blockAt: Date | null;
  body: Body;
};
/** Facts in the order of their slots. Bodies are read as the ledger reads them. */
export async function factsIn({ sql }: Ledgered): Promise<FactRow[]> {
  type Stored = FactRow<never> & { kind: Fact['body']['kind']; body: unknown };
  const rows = await read<Stored>(
    sql`select * from fact order by slot, signature, ordinal, account`,
  );
  return rows.map(({ kind, ...row }) => ({ ...row, body: readBody(kind, row.body) }));
}
/** Facts of one kind, in the order of their slots. */
export const factsOf = async <Kind extends FactBody['kind']>(held: Ledgered, kind: Kind) =>
  (await factsIn(held)).filter(({ body }) => body.kind === kind) as FactRow<
    Extract<FactBody, { kind: Kind }>
  >[];

type SightingRow = {
  signature: Signature;
  status: 'wanted' | 'confirmed' | 'finalized' | 'dropped' | 'unfound';
  slot: Slot | null;
  namedSlot: Slot | null;
  blockIndex: number | null;
  attempts: number;
  readAt: Date | null;
};
/** Signatures that the daemon heard of, by signature. */
export const sightingsIn = ({ sql }: Ledgered) =>
  read<SightingRow>(sql`select * from sighting order by signature`);

type AccountRow = { address: Address; subscriberId: string; cursorSlot: Slot } & {
  role: 'drift_user' | 'agent_wallet' | 'agent_token_account';
};
/** Watched accounts, by address. */
export const accountsIn = ({ sql }: Ledgered) =>
  read<AccountRow>(sql`select * from account order by address`);

type CheckRow = {
  address: Address;
  subscriberId: string;
  baseline: AccountState;
  candidate: AccountState | null;
  /** What state shows beyond the facts; null where the two agree. */
  difference: Counters | null;
};
/** Comparisons of accounts with their facts, by address. Amounts inside are decimal strings. */
export const checksIn = ({ sql }: Ledgered) =>
  read<CheckRow>(sql`select * from account_check order by address`);

type DeliveryRow = {
  deliveryId: bigint;
  body: Buffer;
  digestedAt: Date | null;
  entries: number | null;
  refused: number | null;
};
/** Parcels of webhook bodies as they were stored. */
export const deliveriesIn = ({ sql }: Ledgered) =>
  read<DeliveryRow>(sql`select * from delivery order by delivery_id`);

type ReadingRow = { deliveryId: bigint; reader: string };
/** Daemons that began to read a parcel and have not ended, by parcel and daemon. */
export const readingsIn = ({ sql }: Ledgered) =>
  read<ReadingRow>(sql`select * from delivery_reading order by delivery_id, reader`);

type LeaseRow = { part: number; daemonId: string | null };
/** The parts of the watch-list, each with the daemon that hears it. */
export const leasesIn = ({ sql }: Ledgered) =>
  read<LeaseRow>(sql`select * from hearing_lease order by part`);
