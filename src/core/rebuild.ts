// Rebuild: recognises payments on chain. Every payment carries its id in a memo, so a ledger that
// lost its payments can be filled again from the history of the agent's token account.

import type { Address, Signature, Slot } from './ids.ts';
import { type BaseUnits, least } from './money.ts';
import type { Cover } from './payment.ts';
import type { Effect } from './policy.ts';
import { MEMO_PROGRAM } from './programs.ts';
import type { Token } from './token.ts';

/** A payment as its transaction shows it. */
export type PaidOnChain = {
  readonly id: string;
  readonly signature: Signature;
  readonly slot: Slot;
  readonly creatorWallet: Address;
  /** The token that was paid. */
  readonly token: Token;
  readonly amount: BaseUnits;
};

/** A profit share, and the part of it that no known payment covers. */
export type UncoveredShare = {
  readonly shareId: string;
  readonly creatorWallet: Address;
  readonly mint: Address;
  readonly uncovered: BaseUnits;
};

const MEMO = /(?:^|\s)bailiff:([A-Za-z0-9_.-]{1,64})$/;

/** The program ids of the two releases of the memo program. */
const MEMO_PROGRAMS: ReadonlySet<string> = new Set([
  MEMO_PROGRAM,
  'Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo',
]);
const utf8 = new TextDecoder();

/** The id of the payment that the memo of a transaction names, or null when no memo names one. */
export function paymentIdOf(
  calls: readonly { readonly program: string; readonly data: Uint8Array }[],
): string | null {
  for (const { program, data } of calls) {
    const id = MEMO_PROGRAMS.has(program) ? paymentIdIn(utf8.decode(data)) : null;
    if (id !== null) return id;
  }
  return null;
}

/**
 * The payment id in a memo, or null. Accepts the memo as RPC gives it (with its length in front)
 * and as it was written.
 */
export function paymentIdIn(memo: string | null): string | null {
  return MEMO.exec(memo ?? '')?.[1] ?? null;
}

/**
 * The payment that a transaction makes, or null when it makes none. Every signer can write a memo,
 * so one payment id is not enough: the transaction must also hold exactly one transfer that the
 * agent signs, out of the agent's token account, to the token account of a creator that the
 * subscriber has terms with.
 */
export function recognise(
  effects: readonly Effect[],
  agent: { wallet: Address; tokenAccount: Address },
  creatorOf: ReadonlyMap<Address, Address>,
): { id: string; creatorWallet: Address; amount: BaseUnits } | null {
  const ids = effects.flatMap((effect) =>
    effect.effect === 'memo' ? (paymentIdIn(effect.text) ?? []) : [],
  );
  // A payment may pass through a token account that the agent opens and closes in the same
  // transaction; a transfer out of it counts as one out of the agent's own account.
  const passing = effects.flatMap((effect) =>
    effect.effect === 'create_seeded_account' && effect.base === agent.wallet
      ? [effect.account]
      : [],
  );
  const paid = effects.flatMap((effect) => {
    if (effect.effect !== 'transfer' || ![agent.tokenAccount, ...passing].includes(effect.source))
      return [];
    const creatorWallet = creatorOf.get(effect.destination);
    if (effect.authority !== agent.wallet || creatorWallet === undefined) return [];
    return [{ creatorWallet, amount: effect.amount }];
  });
  const [id] = ids;
  const [only] = paid;
  return id !== undefined && only !== undefined && ids.length === 1 && paid.length === 1
    ? { id, ...only }
    : null;
}

/**
 * The shares that a payment on chain covers, the oldest first, as planning chooses them. `excess`
 * is the amount that is left after every known share; when it is above zero, debts are missing from
 * the ledger and nothing may be assigned yet.
 */
export function allot(
  paid: PaidOnChain,
  shares: readonly UncoveredShare[],
): { covers: Cover[]; excess: BaseUnits } {
  const covers: Cover[] = [];
  let left = paid.amount;
  for (const share of shares) {
    if (left === 0n) break;
    if (share.creatorWallet !== paid.creatorWallet || share.mint !== paid.token.mint) continue;
    if (share.uncovered === 0n) continue;
    const amount = least(share.uncovered, left);
    covers.push({ shareId: share.shareId, amount });
    left -= amount;
  }
  return { covers, excess: left };
}
