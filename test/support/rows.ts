// Rows: reads the tables of a test's ledger. Each function returns the whole rows of one table in
// the order in which they came about, so that a test filters and maps them in TypeScript. Amounts
// are bigint, slots and counts are numbers, times are dates. A test asks the API, a command or a
// port of the ledger first: a row is read where none of these tells. heard-rows.ts reads what was
// heard of the chain.

import type { DeathEvidence } from '../../src/core/death.ts';
import type { Address, Signature, Slot } from '../../src/core/ids.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import type { Voided } from '../../src/core/voiding.ts';
import type { Sql } from '../../src/ledger/database.ts';

/** What holds a ledger: a test's database, a `Listening` or a `TestLedger`. */
export type Ledgered = { readonly sql: Sql };

/** The row with camelCase names. A `slot` is stored as bigint and is a number here, as in core. */
const named = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      /(^|_)slot$/.test(column) && typeof value === 'bigint' ? Number(value) : value,
    ]),
  );
/** Runs a query, and names the columns of its rows. */
export const read = async <Row>(
  query: Promise<readonly Record<string, unknown>[]>,
): Promise<Row[]> => (await query).map((row) => named(row) as Row);

export type PaymentRow = {
  paymentId: string;
  subscriberId: string;
  creatorWallet: Address;
  subAccountId: number;
  amount: bigint;
  withdraw: bigint;
  reimburse: bigint;
  tip: bigint | null;
  tipAccount: Address | null;
  settleMarkets: number[];
  feePayer: 'agent' | 'sponsor';
  createAgentAccount: boolean;
  purpose: Payment['purpose'];
  state: Payment['state'];
  signature: Signature | null;
  bytes: Uint8Array | null;
  lastValidBlockHeight: bigint | null;
  executedSlot: Slot | null;
  evidence: { rounds: DeathEvidence[] } | null;
  restored: boolean;
  excess: bigint;
  nonceValue: string | null;
  trouble: Trouble | null;
};
/** Payments as they were planned. */
export const paymentsIn = ({ sql }: Ledgered) =>
  read<PaymentRow>(sql`select * from payment order by planned_at, payment_id`);

type VariantRow = { paymentId: string; signature: Signature; bytes: Buffer } & {
  purpose: 'payment' | 'cancel';
  microLamports: bigint;
  createAgentAccount: boolean | null;
};
/** What was signed for payments under nonces, in the order of signing. */
export const variantsIn = ({ sql }: Ledgered) =>
  read<VariantRow>(sql`select * from payment_variant order by signed_at, number`);

type PaymentShareRow = { paymentId: string; shareId: string; amount: bigint };
/** The parts of payments, each meant for one debt. */
export const paymentSharesIn = ({ sql }: Ledgered) =>
  read<PaymentShareRow>(sql`select * from payment_share order by payment_id, share_id`);

type RecipientRow = { paymentId: string; subscriberId: string; creatorWallet: Address } & {
  amount: bigint;
  createAccount: boolean;
  rent: bigint | null;
};
/** Whom payments pay. */
export const recipientsIn = ({ sql }: Ledgered) =>
  read<RecipientRow>(sql`
    select r.* from payment_recipient r join payment p using (subscriber_id, payment_id)
    order by p.executed_slot, payment_id, nth`);

type CostRow = { paymentId: string; payer: string; fee: bigint; rent: bigint; tip: bigint };
/** What payments cost their fee payers. */
export const costsIn = ({ sql }: Ledgered) =>
  read<CostRow>(sql`select * from payment_cost order by at, payment_id`);

type DebtRow = {
  shareId: string;
  subscriberId: string;
  signature: Signature;
  ordinal: number;
  amount: bigint;
  paid: bigint;
  status: string;
  reason: { code: string } | null;
  attempts: number;
  unexpected: number;
  failures: number;
  retryAt: Date | null;
  closedAt: Date | null;
  voided: Voided | null;
};
/** Debts in the order of their closes. */
export const debtsIn = ({ sql }: Ledgered) =>
  read<DebtRow>(sql`select * from profit_share order by slot, ordinal, terms_slot, share_id`);

export type AccrualRow = {
  subscriberId: string;
  subscriptionId: string;
  account: Address;
  signature: Signature;
  slot: Slot;
  ordinal: number;
  netPnl: bigint;
  shareBps: number;
  /** The share of `charged`, in whole base units. */
  amount: bigint;
  carryBefore: bigint;
  carryAfter: bigint;
  base: bigint | null;
  charged: bigint;
  deficitAfter: bigint;
  openedSlot: Slot | null;
  termsSlot: Slot;
};
/** Parts of closes as they were booked, in chain order, the part opened first first. */
export const accrualsIn = ({ sql }: Ledgered) =>
  read<AccrualRow>(
    sql`select * from accrual order by slot, signature, ordinal, opened_slot, terms_slot`,
  );

type TermsRow = { subscriptionId: string; fromSlot: Slot; creatorWallet: Address | null };
/** Terms of subscriptions, the oldest first. */
export const termsIn = ({ sql }: Ledgered) =>
  read<TermsRow>(sql`select * from subscription_terms order by from_slot, subscription_id`);

type EventRow = { eventId: string; kind: string; subscriberId: string | null } & {
  body: Record<string, unknown>;
};
/** Events as they were written. */
export const eventsIn = ({ sql }: Ledgered) =>
  read<EventRow>(sql`select * from event order by sequence`);

type SessionRow = { sealed: Uint8Array };
/** Sessions of the console, the one that began first before the others. */
export const sessionsIn = ({ sql }: Ledgered) =>
  read<SessionRow>(sql`select * from console_session order by begun_at`);

/** Every row of every table as one text, for what must stand nowhere in a ledger. */
export async function everythingIn({ sql }: Ledgered): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public' order by tablename`;
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await sql<{ text: string }[]>`
      select to_jsonb(each)::text as text from ${sql(name)} each`;
    texts.push(...rows.map(({ text }) => `${name} ${text}`));
  }
  return texts.join('\n');
}
