// Facts: reading them back out of jsonb, with every amount a bigint again.
import type { FactBody } from '../core/fact.ts';

/** The amounts of each kind of fact; jsonb keeps them as decimal text. */
const AMOUNTS: Readonly<Record<FactBody['kind'], readonly string[]>> = {
  open: ['base', 'fillRecordId'],
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
  unknown: [],
  reckoning: ['netPnl'],
  notice: ['amount'],
};

/** Positions out of jsonb; null where none were kept. */
export function heldOf(json: unknown): { market: number; base: bigint }[] | null {
  if (!Array.isArray(json)) return null;
  return (json as { market: number; base: string }[]).map(({ market, base }) => ({
    market,
    base: BigInt(base),
  }));
}

/** The body of a fact row. Its shape is what `toJson` wrote of a body of that kind. */
export function readBody<Kind extends FactBody['kind']>(
  kind: Kind,
  body: unknown,
): Extract<FactBody, { kind: Kind }> {
  const read: Record<string, unknown> = { ...(body as Record<string, unknown>), kind };
  for (const name of AMOUNTS[kind]) {
    const text = read[name];
    if (typeof text === 'string') read[name] = BigInt(text);
    else read[name] ??= null;
  }
  if (kind === 'reckoning') read.held = heldOf(read.held);
  return read as Extract<FactBody, { kind: Kind }>;
}
