// Facts: reading them back out of jsonb, with every amount a bigint again.
import type { FactBody } from '../core/fact.ts';

/** The amounts of each kind of fact; jsonb keeps them as decimal text. */
const AMOUNTS: Readonly<Record<FactBody['kind'], readonly string[]>> = {
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
  return read as Extract<FactBody, { kind: Kind }>;
}
