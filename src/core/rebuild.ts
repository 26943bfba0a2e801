// Rebuild: what the chain alone tells of payments. Every payment carries its id in a memo, so a
// ledger that lost its payments can be made whole from the history of the agent's token account.
import type { Address, Signature, Slot } from './ids.ts';
import { type BaseUnits, least } from './money.ts';
import type { Cover } from './payment.ts';
import type { Act } from './policy.ts';

/** A payment as the chain tells it. */
export type PaidOnChain = {
  readonly id: string;
  readonly signature: Signature;
  readonly slot: Slot;
  readonly creatorWallet: Address;
  readonly amount: BaseUnits;
};

/** A profit share, and how much of it no known payment covers. */
export type UncoveredShare = {
  readonly shareId: string;
  readonly creatorWallet: Address;
  readonly uncovered: BaseUnits;
};

const MEMO = /(?:^|\s)bailiff:([A-Za-z0-9_.-]{1,64})$/;

/** Both releases of the program that puts a memo into a transaction. */
const MEMO_PROGRAMS: ReadonlySet<string> = new Set([
  'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr',
  'Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo',
]);
const utf8 = new TextDecoder();

/** The payment that a memo of a transaction names, or null. */
export function paymentIdOf(
  calls: readonly { readonly program: string; readonly data: Uint8Array }[],
): string | null {
  for (const { program, data } of calls) {
    const id = MEMO_PROGRAMS.has(program) ? paymentIdIn(utf8.decode(data)) : null;
    if (id !== null) return id;
  }
  return null;
}

/** The payment id in a memo, as RPC gives it (with its length in front) or as it was written. */
export function paymentIdIn(memo: string | null): string | null {
  return MEMO.exec(memo ?? '')?.[1] ?? null;
}

/**
 * The payment that a transaction is, or null. Anybody can write a memo, so it also takes exactly
 * one transfer by the agent, out of its token account, to the token account of a creator it has
 * terms with.
 */
export function recognise(
  acts: readonly Act[],
  agent: { wallet: Address; tokenAccount: Address },
  creatorOf: ReadonlyMap<Address, Address>,
): { id: string; creatorWallet: Address; amount: BaseUnits } | null {
  const ids = acts.flatMap((act) => (act.act === 'memo' ? (paymentIdIn(act.text) ?? []) : []));
  // A token account that the agent opened for this transaction alone pays as its own does.
  const passing = acts.flatMap((act) =>
    act.act === 'create_seeded_account' && act.base === agent.wallet ? [act.account] : [],
  );
  const paid = acts.flatMap((act) => {
    if (act.act !== 'transfer' || ![agent.tokenAccount, ...passing].includes(act.source)) return [];
    const creatorWallet = creatorOf.get(act.destination);
    if (act.authority !== agent.wallet || creatorWallet === undefined) return [];
    return [{ creatorWallet, amount: act.amount }];
  });
  const [id] = ids;
  const [only] = paid;
  return id !== undefined && only !== undefined && ids.length === 1 && paid.length === 1
    ? { id, ...only }
    : null;
}

/**
 * Which shares a payment on chain covered: as planning covers them, the oldest first. `excess` is
 * what was paid beyond every share that is known; then debts are missing from the books, and
 * nothing may be assigned yet.
 */
export function allot(
  paid: PaidOnChain,
  shares: readonly UncoveredShare[],
): { covers: Cover[]; excess: BaseUnits } {
  const covers: Cover[] = [];
  let left = paid.amount;
  for (const share of shares) {
    if (left === 0n) break;
    if (share.creatorWallet !== paid.creatorWallet || share.uncovered === 0n) continue;
    const amount = least(share.uncovered, left);
    covers.push({ shareId: share.shareId, amount });
    left -= amount;
  }
  return { covers, excess: left };
}
