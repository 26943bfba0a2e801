// Share changes: applies transitions of core/share-transition.ts. The rows are locked and read, the
// core decides, and the result is written with its events, all in the caller's transaction. Outside
// of this file profit_share is only inserted (booking.ts, imported-debts.ts), and the change `wait`
// without a trouble is written by the statement that signs a payment (payment-steps.ts).
import type { Address } from '../core/ids.ts';
import type { Share, ShareStatus } from '../core/share.ts';
import type { ShareChange } from '../core/share-change.ts';
import { type Transition, transition } from '../core/share-transition.ts';
import type { Trouble } from '../core/trouble.ts';
import { type Fragment, type Transaction, toJson } from './database.ts';
import { tellAll } from './outbox.ts';
import { type VoidedRow, voidedOf, voidedRow } from './share-rows.ts';
import { tokenIn } from './tokens.ts';

type Row = {
  share_id: string;
  subscriber_id: string;
  creator_wallet: Address;
  mint: Address;
  symbol: string;
  decimals: number;
  amount: bigint;
  paid: bigint;
  overpaid: bigint;
  status: ShareStatus;
  reason: Trouble | null;
  attempts: number;
  retry_at: Date | null;
  held_until: Date | null;
  hastened: boolean;
  observed: boolean;
  voided: VoidedRow | null;
  unexpected: number;
  failures: number;
  expiries: number;
  now: Date;
};
/** A locked debt, with the further columns that the query read. */
export type Locked<Extra> = {
  readonly share: Share;
  readonly extra: Extra;
  readonly nowMs: number;
};

/**
 * The number of debts that are locked, decided and written at a time. All of them at once might not
 * fit into memory.
 */
const ROWS_A_TURN = 2_000;

const shareOf = (row: Row): Share => ({
  id: row.share_id,
  subscriberId: row.subscriber_id,
  creatorWallet: row.creator_wallet,
  token: tokenIn(row),
  amount: row.amount,
  paid: row.paid,
  overpaid: row.overpaid,
  status: row.status,
  // JSON holds the amounts in a reason as text.
  reason: row.reason === null ? null : troubleOf(row.reason),
  attempts: row.attempts,
  retryAtMs: row.retry_at?.getTime() ?? null,
  heldUntilMs: row.held_until?.getTime() ?? null,
  hastened: row.hastened,
  observed: row.observed,
  voided: row.voided === null ? null : voidedOf(row.voided),
  unexpected: row.unexpected,
  failures: row.failures,
  expiries: row.expiries,
});
const troubleOf = ({ lamports, ...rest }: Trouble): Trouble =>
  lamports === undefined ? rest : { ...rest, lamports: BigInt(lamports) };

const timeOf = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString();

/** The columns that a transition may change, as a row of JSON. */
const rowOf = (share: Share) => ({
  share_id: share.id,
  paid: share.paid,
  overpaid: share.overpaid,
  status: share.status,
  reason: share.reason,
  attempts: share.attempts,
  retry_at: timeOf(share.retryAtMs),
  held_until: timeOf(share.heldUntilMs),
  hastened: share.hastened,
  observed: share.observed,
  voided: share.voided === null ? null : voidedRow(share.voided),
  unexpected: share.unexpected,
  failures: share.failures,
  expiries: share.expiries,
});

async function write(tx: Transaction, transitions: readonly Transition[]): Promise<void> {
  if (transitions.length === 0) return;
  const writing = tx`
    update profit_share s set
      paid = n.paid, overpaid = n.overpaid, status = n.status, reason = n.reason, attempts = n.attempts,
      retry_at = n.retry_at, held_until = n.held_until, hastened = n.hastened, observed = n.observed,
      voided = n.voided, unexpected = n.unexpected, failures = n.failures, expiries = n.expiries
    from jsonb_to_recordset(${tx.json(toJson(transitions.map(({ share }) => rowOf(share))))}) as n(
      share_id text, paid bigint, overpaid bigint, status text, reason jsonb, attempts integer, retry_at timestamptz,
      held_until timestamptz, hastened boolean, observed boolean, voided jsonb, unexpected integer, failures integer,
      expiries integer)
    where s.share_id = n.share_id`.execute();
  const telling = tellAll(
    tx,
    transitions.flatMap(({ events }) => events),
  );
  await Promise.all([writing, telling]);
}

/** Selects the debts to lock, and further columns to read with them. */
export type Which = {
  /** The clock of the ledger. */
  readonly now: Fragment;
  /** A condition on `profit_share s` and the tables of `join`. */
  readonly where: Fragment;
  /** Joins to other tables. Their rows are not locked. */
  readonly join?: Fragment;
  /** Further columns, each preceded by a comma. */
  readonly columns?: Fragment;
};

/**
 * Locks the debts in the order of their ids, asks `act` for the act on each, and writes the
 * transitions that core/share-transition.ts allows. `act` returns null to leave a debt unchanged.
 * Returns the transitions, each with the debt as it was before.
 */
export async function applyToShares<Extra = unknown>(
  tx: Transaction,
  { now, where, join, columns }: Which,
  act: (locked: Locked<Extra>) => ShareChange | null,
): Promise<(Transition & { readonly before: Share })[]> {
  const all: (Transition & { readonly before: Share })[] = [];
  for (let after = ''; ; ) {
    const rows = await tx<(Row & Extra)[]>`
      select s.share_id, s.subscriber_id, s.creator_wallet, k.mint, k.symbol, k.decimals, s.amount, s.paid, s.overpaid, s.status, s.reason, s.attempts,
        s.retry_at, s.held_until, s.hastened, s.observed, s.voided, s.unexpected, s.failures, s.expiries, ${now} as now
        ${columns ?? tx``}
      from profit_share s join token k on k.mint = s.mint ${join ?? tx``}
      where ${where} ${after === '' ? tx`` : tx`and s.share_id > ${after}`} order by s.share_id limit ${ROWS_A_TURN} for update of s`;
    const turn = rows.flatMap((row) => {
      const before = shareOf(row);
      const what = act({ share: before, extra: row, nowMs: row.now.getTime() });
      const found = what === null ? null : transition(before, what);
      return found === null ? [] : [{ ...found, before }];
    });
    await write(tx, turn);
    all.push(...turn);
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_A_TURN) return all;
    after = last.share_id;
  }
}
