// Ledger draws: random facts, troubles and payments, for histories that two ledgers must answer
// alike.

import type { DeathEvidence } from '../../src/core/death.ts';
import { type Debt, payableTogether } from '../../src/core/debt.ts';
import type { Fact } from '../../src/core/fact.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { allot } from '../../src/core/rebuild.ts';
import { USDC } from '../../src/core/token.ts';
import { ERROR_CLASSES, type Trouble } from '../../src/core/trouble.ts';
import type { Random } from '../sim/random.ts';
import { addressOf, closeFact, signatureOf } from './ledger.ts';
import { paymentOfDebts } from './payment.ts';

/** A round of evidence that proves a death. */
export const DEATH: DeathEvidence = {
  finalizedSlot: 900,
  finalizedBlockHeight: 900,
  statusAbsent: true,
  transactionAbsent: true,
  historyAbsent: true,
  historyReaches: true,
  lastHeight: 700,
  ownChain: true,
  second: 'none',
};

/** The subscribers of a history, and their Drift accounts. */
export const WHO = ['ana', 'bo'];
export const driftOf = (index: number) => addressOf(10 + index);

export const factOf = (random: Random, n: number): Fact => {
  const who = n % WHO.length;
  const account = driftOf(who);
  const slot = 10 + random.below(30);
  const base = closeFact(n, BigInt(random.below(9_000) - 2_000), {
    account,
    slot,
    subscriberId: WHO[who] ?? '',
  });
  const blockIndex = random.chance(0.3) ? null : random.below(5);
  const position = { ...base.position, blockIndex };
  if (random.chance(0.6)) return { ...base, position };
  const body = {
    kind: 'outflow' as const,
    route: 'withdraw' as const,
    amount: BigInt(1 + random.below(500)),
    // A part of it goes to the creator, through some other system.
    mint: random.chance(0.7) ? USDC.mint : null,
    decimals: null,
    destination: null,
    internal: random.chance(0.2),
    owner: random.chance(0.6) ? addressOf(40 + who) : null,
    ofValue: true,
    consent: 'agent' as const,
    signers: [],
    usd: null,
  };
  if (n % 7 !== 3) return { ...base, position, body };
  const amounts = { realised: body.amount - 300n, funding: 0n, tokens: 0n };
  const moved = { deposits: BigInt(n), withdraws: body.amount / 2n };
  return { ...base, position, body: { kind: 'tally', ...amounts, ...moved } };
};

export const troubleOf = (random: Random): Trouble => ({
  class: random.pick(ERROR_CLASSES),
  code: random.pick(['withdrawals_paused', 'expired', 'transfer_unmatched', 'venue_6003'] as const),
  detail: 'as it was',
});

/** The second recipient of the second subscriber's debts: the creator of the first. */
export const HOUSE = {
  wallet: addressOf(40),
  shareBps: 400,
  minimumPayment: 0n,
  offCurve: false,
  label: null,
};

/** A payment of at most `part` of each debt; with a part of 3 it creates the creator's account. */
export const paymentOf = (
  id: string,
  subscriberId: string,
  debts: readonly Debt[],
  part: bigint,
): Payment =>
  paymentOfDebts(payableTogether(debts, debts[0] as Debt), {
    id,
    subscriberId,
    most: part,
    plan: { createCreatorAccount: part === 3n },
  });

/**
 * A payment that the chain shows and the ledger lost: debts explain it in part, explain more of it
 * later, or a person accepts the rest.
 */
export async function foundOnChain(
  { payments, shares }: Ledger,
  id: string,
  seed: number,
  by: { readonly reason: string; readonly actor: string; readonly person: string },
): Promise<unknown> {
  const lost = {
    id: `lost${seed % 4}`,
    signature: signatureOf(2_000 + (seed % 4)),
    slot: 60,
    creatorWallet: addressOf(40 + WHO.indexOf(id)),
    token: USDC,
  };
  const known = await payments.bySignature(lost.signature);
  if (seed % 7 === 0) return known && payments.accept(lost.signature, by);
  const amount = known?.amount ?? BigInt(2 + (seed % 20_000));
  const other = id === WHO[1] && seed % 2 === 0 ? amount / 2n : 0n;
  const drawn = [
    { wallet: lost.creatorWallet, amount: amount - other },
    ...(other === 0n ? [] : [{ wallet: addressOf(40), amount: other }]),
  ];
  const parts = known === null ? drawn : known.recipients;
  const recipients = parts.map(({ wallet, amount: got }) => ({ wallet, amount: got }));
  const paid = { ...lost, amount, ...(recipients.length > 1 ? { recipients } : {}) };
  const before = known?.recipients.map((each) => [each.wallet, each.amount - each.excess] as const);
  const { covers } = allot(paid, await shares.uncovered(id), new Map(before));
  return payments.restore(id, paid, covers);
}
