// Facts: reads facts from jsonb, with every amount as bigint.
import type { FactBody, Held } from '../core/fact.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Facts, ListedFact } from '../core/ports.ts';
import { plannedEach, type Sql } from './database.ts';
import { conditionsOf, placeIn } from './lists.ts';

/** The amounts of each kind of fact. jsonb holds them as decimal text. */
const AMOUNTS: Readonly<Record<FactBody['kind'], readonly string[]>> = {
  open: ['base', 'quote', 'fee', 'fillRecordId'],
  close: [
    'baseFilled',
    'baseClosed',
    'proceeds',
    'entry',
    'grossPnl',
    'fee',
    'netPnl',
    'fillRecordId',
    'oraclePrice',
  ],
  outflow: ['amount', 'usd'],
  tally: ['realised', 'funding', 'deposits', 'withdraws', 'tokens'],
  unknown: ['deposited'],
  reckoning: ['netPnl'],
  notice: ['amount'],
};

/** The positions in a jsonb value; null when it holds none. */
export function heldOf(json: unknown): Held[] | null {
  if (!Array.isArray(json)) return null;
  return (json as { market: number; base: string; entry?: string | null }[]).map(
    ({ market, base, entry }) => ({
      market,
      base: BigInt(base),
      entry: entry === undefined || entry === null ? null : BigInt(entry),
    }),
  );
}

/**
 * Fields that outflows of an earlier release lack. That release took every outflow for the agent's
 * own act and every token for valuable.
 */
const OLDER_OUTFLOW = { owner: null, ofValue: true, consent: 'agent', signers: [] };

/** The body of a fact's row. The row must hold what `toJson` wrote for that kind. */
export function readBody<Kind extends FactBody['kind']>(
  kind: Kind,
  body: unknown,
): Extract<FactBody, { kind: Kind }> {
  const read: Record<string, unknown> = { ...(body as Record<string, unknown>), kind };
  for (const name of AMOUNTS[kind]) {
    const text = read[name];
    if (typeof text === 'string') read[name] = BigInt(text);
    else if (kind !== 'unknown') read[name] ??= null;
  }
  if (kind === 'tally' && typeof read.deposited === 'string')
    read.deposited = BigInt(read.deposited);
  if (kind === 'tally' && Array.isArray(read.perhaps))
    read.perhaps = read.perhaps.map((each) => BigInt(each as string));
  if (kind === 'tally' && Array.isArray(read.fundings))
    read.fundings = read.fundings.map((each: { base: string; amount: string }) => ({
      ...each,
      base: BigInt(each.base),
      amount: BigInt(each.amount),
    }));
  if (kind === 'tally' && Array.isArray(read.mints))
    read.mints = read.mints.map((each: { amount: string }) => ({
      ...each,
      amount: BigInt(each.amount),
    }));
  if (kind === 'reckoning')
    Object.assign(read, { held: heldOf(read.held), heldBefore: heldOf(read.heldBefore) });
  if (kind === 'outflow')
    for (const name of ['brought', 'swapped'])
      if (typeof read[name] === 'string') read[name] = BigInt(read[name]);
  if (kind === 'outflow') return { ...OLDER_OUTFLOW, ...read } as never;
  return read as Extract<FactBody, { kind: Kind }>;
}

/** The fact of a row. The row must hold what `toJson` wrote for its kind. */
export const factOf = <Kind extends FactBody['kind']>(row: {
  readonly subscriber_id: string;
  readonly account: Address;
  readonly signature: Signature;
  readonly slot: bigint;
  readonly block_index: number | null;
  readonly ordinal: number;
  readonly kind: Kind;
  readonly body: unknown;
}) => ({
  subscriberId: row.subscriber_id,
  account: row.account,
  signature: row.signature,
  position: { slot: Number(row.slot), blockIndex: row.block_index, ordinal: row.ordinal },
  body: readBody(row.kind, row.body),
});

type Row = {
  account: Address;
  signature: Signature;
  slot: bigint;
  ordinal: number;
  block_index: number | null;
  kind: FactBody['kind'];
  finality: ListedFact['finality'];
  body: unknown;
};

/** The cursor after which a list of facts continues. */
export const cursorOf = (row: Pick<Row, 'slot' | 'signature' | 'ordinal' | 'account'>): string =>
  [row.slot, row.signature, row.ordinal, row.account].join('.');

/**
 * The place that a cursor names. For a cursor that the ledger did not issue, a place before every
 * row, so that the list is empty.
 */
export function placeOf(before: string | undefined) {
  if (before === undefined) return { from: null, signature: '', ordinal: '0', account: '' };
  const place = placeIn(before);
  return place === null
    ? { from: '-1', signature: '', ordinal: '0', account: '' }
    : { ...place, from: place.slot };
}

/** Creates the list of facts, newest first. */
export function createFacts(sql: Sql): Pick<Facts, 'list'> {
  const conditions = conditionsOf(sql);
  const listed = plannedEach(sql);
  return {
    async list({ limit, before, ...filter }) {
      const { subscriberId } = filter;
      const { from, signature, ordinal, account } = placeOf(before);
      const rows = await listed<Row[]>`
        select account, signature, slot, ordinal, block_index, kind, finality, body from fact
        where ${conditions.facts(filter)}
          and (${from}::bigint is null or (slot, signature, ordinal::bigint, account)
            < (${from}::bigint, ${signature}, ${ordinal}::bigint, ${account}))
        order by slot desc, signature desc, ordinal desc, account desc limit ${limit}`;
      return rows.map((row) => ({
        ...factOf({ ...row, subscriber_id: subscriberId }),
        finality: row.finality,
        cursor: cursorOf(row),
      }));
    },
  };
}
