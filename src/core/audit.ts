// Audit: compares what was paid to creators on chain with what was owed, debt by debt and transfer
// by transfer, to the unit. Payments by Bailiff say which debts they were for. Transfers by another
// system do not: each is matched with the debts that it most likely was meant for.
import type { Cover } from './debt.ts';
import type { Address, Signature, Slot } from './ids.ts';
import { type BaseUnits, least } from './money.ts';
import { type Owed, sumsOf, type Token } from './token.ts';

/** A debt as an audit sees it. A voided debt owes what was paid of it. */
export type AuditDebt = {
  readonly share: string;
  readonly creatorWallet: Address;
  readonly token: Token;
  /** The close; null for a debt that was brought from another system. */
  readonly signature: Signature | null;
  readonly slot: Slot;
  readonly atMs: number | null;
  readonly owed: BaseUnits;
};
/** A transfer from the subscriber to a creator. */
export type AuditTransfer = {
  readonly signature: Signature;
  readonly creatorWallet: Address;
  readonly token: Token;
  readonly slot: Slot;
  readonly atMs: number | null;
  readonly amount: BaseUnits;
  /** The debts that a payment by Bailiff is for; null for a transfer by another system. */
  readonly covers: readonly Cover[] | null;
};
export type AuditHistory = {
  readonly subscriberId: string;
  readonly debts: readonly AuditDebt[];
  readonly transfers: readonly AuditTransfer[];
};

/**
 * - `right`: paid to the unit.
 * - `too_little`, `too_much`: paid, but another amount.
 * - `never`: owed, and nothing was paid.
 * - `twice`: a transfer of the amount with which debts had been paid already.
 * - `nothing_owed`: a transfer, or the rest of one, for which nothing was owed at its slot.
 */
export const AUDIT_KINDS = [
  'right',
  'too_little',
  'too_much',
  'never',
  'twice',
  'nothing_owed',
] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

export type AuditRow = {
  readonly kind: AuditKind;
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  readonly token: Token;
  /** The debt; of a second payment the debts that it paid again. Empty when nothing was owed. */
  readonly shares: readonly string[];
  /** Of the close, or of the transfer when the row is about a transfer. */
  readonly slot: Slot;
  readonly atMs: number | null;
  readonly owed: BaseUnits;
  readonly paid: BaseUnits;
  /** `paid` less `owed`: above zero when too much was paid. */
  readonly difference: BaseUnits;
  /** The transfers that paid it. */
  readonly transfers: readonly Signature[];
};

/** Another system's rounding: a payment within a tenth of the debt was meant for it. */
const ROUNDING = 10n;

/** A creator that is owed a token. */
type Payee = { readonly creatorWallet: Address; readonly token: Token };
type Open = AuditDebt & { paid: BaseUnits; by: Signature[] };
type Done = { readonly transfer: AuditTransfer; readonly debts: readonly Open[] };

const leftOf = ({ owed, paid }: Open): BaseUnits => (paid < owed ? owed - paid : 0n);
const sumOf = (debts: readonly Open[]): BaseUnits =>
  debts.reduce((sum, each) => sum + leftOf(each), 0n);

function pay(debt: Open, amount: BaseUnits, { signature }: AuditTransfer): void {
  debt.paid += amount;
  if (!debt.by.includes(signature)) debt.by.push(signature);
}

/** The oldest debts whose rest adds up to exactly the amount; null when none do. */
function exactly(open: readonly Open[], amount: BaseUnits): readonly Open[] | null {
  const one = open.find((each) => leftOf(each) === amount);
  if (one !== undefined) return [one];
  for (let count = 2; count <= open.length; count++)
    if (sumOf(open.slice(0, count)) === amount) return open.slice(0, count);
  return null;
}

/** The debt, or all open debts together, from which the amount differs by rounding at most. */
function nearly(open: readonly Open[], amount: BaseUnits): readonly Open[] | null {
  const near = (owed: BaseUnits): boolean => {
    const off = owed > amount ? owed - amount : amount - owed;
    return off * ROUNDING <= owed;
  };
  const one = open.find((each) => near(leftOf(each)));
  if (one !== undefined) return [one];
  return open.length > 1 && near(sumOf(open)) ? open : null;
}

/** Pays debts from a transfer, the oldest first; what is left goes to the last of them. */
function payAll(debts: readonly Open[], transfer: AuditTransfer): void {
  let left = transfer.amount;
  for (const [at, debt] of debts.entries()) {
    const amount = at === debts.length - 1 ? left : least(left, leftOf(debt));
    if (amount > 0n) pay(debt, amount, transfer);
    left -= amount;
  }
}

type Audited = { readonly debts: readonly Open[]; readonly rows: readonly AuditRow[] };

/** Matches the transfers of one token to one creator with the debts to that creator in it. */
function auditOne(
  subscriberId: string,
  { creatorWallet, token }: Payee,
  given: readonly AuditDebt[],
  transfers: readonly AuditTransfer[],
): Audited {
  const debts: Open[] = given.map((each) => ({ ...each, paid: 0n, by: [] }));
  const done: Done[] = [];
  const rows: AuditRow[] = [];
  const surplus = (
    kind: 'twice' | 'nothing_owed',
    { signature, slot, atMs }: AuditTransfer,
    paid: BaseUnits,
    of: readonly Open[],
  ) =>
    rows.push({
      kind,
      subscriberId,
      creatorWallet,
      token,
      slot,
      atMs,
      owed: 0n,
      paid,
      difference: paid,
      shares: of.map((each) => each.share),
      transfers: [signature],
    });
  for (const transfer of transfers) {
    const { amount, slot, covers } = transfer;
    if (covers !== null) {
      const paid = covers.flatMap(({ shareId, amount: part }) => {
        const debt = debts.find((each) => each.share === shareId);
        if (debt !== undefined) pay(debt, part, transfer);
        return debt === undefined ? [] : [debt];
      });
      const rest = amount - covers.reduce((sum, each) => sum + each.amount, 0n);
      if (rest > 0n) surplus('nothing_owed', transfer, rest, []);
      done.push({ transfer, debts: paid });
      continue;
    }
    const open = debts.filter((each) => each.slot <= slot && leftOf(each) > 0n);
    const again = done.find((each) => each.transfer.amount === amount && each.debts.length > 0);
    const meant = exactly(open, amount) ?? (again === undefined ? nearly(open, amount) : null);
    if (meant !== null) {
      payAll(meant, transfer);
      done.push({ transfer, debts: meant });
    } else if (again !== undefined) surplus('twice', transfer, amount, again.debts);
    else {
      let left = amount;
      const paid = open.filter((debt) => {
        const part = least(left, leftOf(debt));
        if (part > 0n) pay(debt, part, transfer);
        left -= part;
        return part > 0n;
      });
      if (left > 0n) surplus('nothing_owed', transfer, left, []);
      done.push({ transfer, debts: paid });
    }
  }
  return { debts, rows };
}

function kindOf({ owed, paid }: Open): AuditKind {
  if (paid === owed) return 'right';
  if (paid === 0n) return 'never';
  return paid < owed ? 'too_little' : 'too_much';
}

const bySlot = (one: { readonly slot: Slot }, other: { readonly slot: Slot }): number =>
  one.slot - other.slot;

/**
 * The rows of an audit, in the order of slots: one for each debt, and one for each transfer, or
 * rest of one, that paid no debt. `paid` of all rows adds up to the amount of all transfers.
 */
export function auditOf({ subscriberId, debts, transfers }: AuditHistory): AuditRow[] {
  const payees = new Map<string, Payee>(
    [...debts, ...transfers].map(({ creatorWallet, token }) => [
      `${creatorWallet} ${token.mint}`,
      { creatorWallet, token },
    ]),
  );
  const rows = [...payees.values()].flatMap((payee) => {
    const { creatorWallet, token } = payee;
    const to = <Of extends Payee & { slot: Slot }>(all: readonly Of[]): Of[] =>
      all
        .filter((each) => each.creatorWallet === creatorWallet && each.token.mint === token.mint)
        .sort(bySlot);
    const found = auditOne(subscriberId, payee, to(debts), to(transfers));
    return [
      ...found.debts.map((debt): AuditRow => {
        const { share, slot, atMs, owed, paid, by } = debt;
        return {
          kind: kindOf(debt),
          subscriberId,
          creatorWallet,
          token,
          shares: [share],
          slot,
          atMs,
          owed,
          paid,
          difference: paid - owed,
          transfers: by,
        };
      }),
      ...found.rows,
    ];
  });
  return rows.sort(bySlot);
}

export type AuditSums = Readonly<
  Record<AuditKind, { readonly rows: number; readonly differences: readonly Owed[] }>
>;

/** The number of rows of each kind, and the sums of their differences, token by token. */
export const auditSums = (rows: readonly AuditRow[]): AuditSums =>
  Object.fromEntries(
    AUDIT_KINDS.map((kind): [AuditKind, AuditSums[AuditKind]] => {
      const own = rows.filter((each) => each.kind === kind);
      const differences = sumsOf(
        own.map(({ token, difference }) => ({ ...token, amount: difference })),
      );
      return [kind, { rows: own.length, differences }];
    }),
  ) as AuditSums;
