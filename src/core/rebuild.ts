// Rebuild: recognises payments on chain. Every payment carries its id in a memo, so a ledger that
// lost its payments can be filled again from the history of the agent's token account.

import type { Cover } from './debt.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Effect } from './mandate.ts';
import { type BaseUnits, least } from './money.ts';
import { MEMO_PROGRAM } from './programs.ts';
import type { Token } from './token.ts';

/** A payment as its transaction shows it. */
export type PaidOnChain = {
  readonly id: string;
  readonly signature: Signature;
  readonly slot: Slot;
  /** The recipient of the first transfer. */
  readonly creatorWallet: Address;
  /** The token that was paid. */
  readonly token: Token;
  /** The sum that all recipients got. */
  readonly amount: BaseUnits;
  /** The recipients with their parts, where there are several; left out for one. */
  readonly recipients?: readonly Received[];
  /**
   * The ledger may have lost the payment with the terms under which it paid: it is of a slot from
   * before the ledger was last found whole, or moved the nonce of its subscriber. Left out, or
   * false, for any other.
   */
  readonly maybeLost?: boolean;
};
/** A recipient of a payment, and the amount that it got. */
export type Received = { readonly wallet: Address; readonly amount: BaseUnits };

/** The recipients of a payment on chain, each with the amount that it got. */
export const receivedBy = ({
  creatorWallet: wallet,
  amount,
  recipients,
}: Pick<PaidOnChain, 'creatorWallet' | 'amount' | 'recipients'>): readonly Received[] =>
  recipients ?? [{ wallet, amount }];

/** Whether two lists give the same amounts to the same wallets, in any order. */
export const sameReceived = (one: readonly Received[], other: readonly Received[]): boolean =>
  one.length === other.length &&
  one.every(({ wallet, amount }) =>
    other.some((each) => each.wallet === wallet && each.amount === amount),
  );

/** A profit share, and the part of it that no known payment covers. */
export type UncoveredShare = {
  readonly shareId: string;
  readonly creatorWallet: Address;
  readonly mint: Address;
  readonly uncovered: BaseUnits;
};

const MEMO = /(?:^|\s)bailiff:([A-Za-z0-9_.-]{1,64})$/;

/** The most characters of the id of a payment: 64 of a memo, a dot and a signature fit. */
export const PAYMENT_ID_MOST = 160;

/** The id of a payment that was found on chain under the id of another payment. */
export const idBeside = ({ id, signature }: Pick<PaidOnChain, 'id' | 'signature'>): string =>
  `${id}.${signature}`;

/** The id that the memo of a payment names, which is without the signature of `idBeside`. */
export const memoIdOf = ({ id, signature }: Pick<PaidOnChain, 'id' | 'signature'>): string =>
  id.endsWith(`.${signature}`) ? id.slice(0, -signature.length - 1) : id;

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

type Recognised = Pick<PaidOnChain, 'id' | 'creatorWallet' | 'amount' | 'recipients'>;

/**
 * The payment that a transaction makes, or null when it makes none. Every signer can write a memo,
 * so one payment id is not enough: the transaction must also hold a transfer that the agent signs,
 * out of the agent's token account, to the token account of a creator that the subscriber has terms
 * with. The pen signs no transaction with a transfer of nothing, of another token, or by another
 * authority, so a transaction that holds one is no payment: a debt could be covered by a token
 * without value, or by tokens of another subscriber. Every payment creates the token account of
 * each recipient, where it does not exist. So the recipients of several such transfers are the
 * owners of the accounts that the transaction creates. Recipients that the terms known here do
 * not name are among them, a reimbursed sponsor is not.
 */
export function recognise(
  effects: readonly Effect[],
  agent: { wallet: Address; tokenAccount: Address; mint: Address },
  creatorOf: ReadonlyMap<Address, Address>,
): Recognised | null {
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
  const created = new Map(
    effects.flatMap((effect) =>
      effect.effect === 'create_token_account' ? [[effect.account, effect.owner]] : [],
    ),
  );
  const all = effects.flatMap((effect) => (effect.effect === 'transfer' ? [effect] : []));
  const isSigned = all.every(
    ({ authority, mint, amount }) =>
      authority === agent.wallet && mint === agent.mint && amount > 0n,
  );
  if (!isSigned) return null;
  const sources = [agent.tokenAccount, ...passing];
  const transfers = all.filter((each) => sources.includes(each.source));
  const [id] = ids;
  const known = transfers.filter((each) => creatorOf.has(each.destination));
  if (id === undefined || ids.length !== 1 || known.length === 0) return null;
  const opened = transfers.filter((each) => created.has(each.destination));
  const paid = known.length === 1 && opened.length < 2 ? known : opened;
  const received = paid.flatMap(({ destination, amount }): Received[] => {
    const wallet = creatorOf.get(destination) ?? created.get(destination);
    return wallet === undefined ? [] : [{ wallet, amount }];
  });
  const [first] = received;
  // A payment names each recipient once, and one of them is a creator of the subscriber.
  const isPayment =
    new Set(received.map((each) => each.wallet)).size === received.length &&
    paid.some((each) => creatorOf.has(each.destination));
  if (first === undefined || !isPayment) return null;
  const amount = received.reduce((sum, each) => sum + each.amount, 0n);
  return {
    id,
    creatorWallet: first.wallet,
    amount,
    ...(received.length > 1 ? { recipients: received } : {}),
  };
}

/**
 * The shares that a payment on chain covers, the oldest first, as planning chooses them: what each
 * recipient got covers debts to that recipient only. `rests` are the amounts that are left after
 * every known share, by recipient: debts are missing from the ledger, or the recipient got more
 * than was owed. `known`: by recipient, what earlier covers of this payment took of its part.
 */
export function allot(
  paid: Pick<PaidOnChain, 'creatorWallet' | 'amount' | 'recipients' | 'token'>,
  shares: readonly UncoveredShare[],
  known: ReadonlyMap<Address, BaseUnits> = new Map(),
): { covers: Cover[]; rests: Received[] } {
  const covers: Cover[] = [];
  const rests: Received[] = [];
  for (const { wallet, amount: got } of receivedBy(paid)) {
    let left = got - (known.get(wallet) ?? 0n);
    for (const share of shares) {
      if (left === 0n) break;
      if (share.creatorWallet !== wallet || share.mint !== paid.token.mint) continue;
      if (share.uncovered === 0n) continue;
      const amount = least(share.uncovered, left);
      covers.push({ shareId: share.shareId, amount });
      left -= amount;
    }
    if (left > 0n) rests.push({ wallet, amount: left });
  }
  return { covers, rests };
}
