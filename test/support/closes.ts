// Closes: the closes of one account of Ana's, recorded under terms that a test names, and their
// answers.
import type { Fact, FactBody } from '../../src/core/fact.ts';
import { outcomeOf } from '../../src/core/outcome.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { Terms } from '../../src/core/terms.ts';
import { addressOf, CREATOR, closeFact, recordFact, type TestLedger } from './ledger.ts';
import { NOTHING_HELD, termsOf } from './terms.ts';

export const USDC = 1_000_000n;
export const ACCOUNT = addressOf(3);
export const state = (slot: number): AccountState => ({
  slot,
  counters: NO_COUNTERS,
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});
export const ana = { address: ACCOUNT, subscriberId: 'ana', role: 'drift_user' } as const;

export const agree = ({ ledger }: Pick<TestLedger, 'ledger'>, slot: number, more: Partial<Terms>) =>
  ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount: ACCOUNT,
    terms: termsOf(slot, CREATOR, more.shareBps ?? 1_000, more),
    held: NOTHING_HELD,
  });
export const close = (
  held: Pick<TestLedger, 'ledger'>,
  n: number,
  netPnl: bigint,
  finality: 'confirmed' | 'finalized' = 'finalized',
) => recordFact(held.ledger, closeFact(n, netPnl, { account: ACCOUNT, slot: n }), finality);
export const open = (held: Pick<TestLedger, 'ledger'>, n: number) => {
  const body: FactBody = {
    kind: 'open',
    market: 0,
    position: 'long',
    base: 1n,
    quote: 0n,
    fee: 0n,
    fillRecordId: BigInt(10_000 + n),
  };
  const fact: Fact = { ...closeFact(n, 0n, { account: ACCOUNT, slot: n }), body };
  return recordFact(held.ledger, fact, 'finalized');
};
/** Oldest first: reason, what is owed, and the sentence. */
export async function answers({ ledger }: Pick<TestLedger, 'ledger'>) {
  const found = await ledger.facts.closes({ subscriberId: 'ana', limit: 100 });
  return found.map(outcomeOf).toReversed();
}
export const reasons = async (held: Pick<TestLedger, 'ledger'>) =>
  (await answers(held)).map((each) => each.reason);
