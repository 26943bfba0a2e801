// Payment steps: the steps of a payment that goes well, from its plan to its landing. Steps that
// are taken at the same time for different subscribers share a transaction; where that fails, each
// is taken in one of its own, so that a bad row fails the step of its own payment only. A step is
// answered once it is committed.
import { upToDistinct } from '../core/gather.ts';
import type { Signature, Slot } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import type { Payment } from '../core/payment.ts';
import type { Payments } from '../core/payment-ports.ts';
import type { SignedBytes } from '../core/signed-bytes.ts';
import { at, type Fragment, type Sql, type Transaction } from './database.ts';
import { identityOf } from './database-state.ts';
import { discharge } from './discharge.ts';
import { among, together } from './groups.ts';
import { tellAll } from './outbox.ts';
import { NotClaimed, openPayments } from './payment-opening.ts';
import { type LandedRow, recipientsIn, toldRecipients } from './payment-rows.ts';
import { executedVariant, holdsBytes } from './payment-variants.ts';

type Steps = Pick<Payments, 'open' | 'signed' | 'sent' | 'landed' | 'overpaidBy'>;
type Signing = {
  readonly id: string;
  readonly bytes: SignedBytes;
  readonly under: string | null;
};

type Sending = { readonly id: string; readonly signature: Signature; readonly nowMs: number };
type Landing = { readonly id: string; readonly slot: Slot; readonly signature: Signature };

/** The most payments that take a step in one transaction. */
const TOGETHER = 32;

/**
 * The payments of `given` that stand in this state, a literal, locked until the transaction ends.
 * Each is found by its id, and not among all that stand in it. All daemons lock them in the same
 * order, so that two of them cannot deadlock.
 */
const heldIn = (sql: Sql | Transaction, state: Fragment): Fragment => sql`
  select p.payment_id from (select payment_id from given order by payment_id) g cross join lateral (
    select payment_id from payment where payment_id = g.payment_id and state = ${state} offset 0 for update) p`;

/** Creates the steps. `now` is the database's clock, unless a test passes another. */
export function createPaymentSteps(sql: Sql, now: Fragment): Steps {
  const openTogether = (payments: readonly Payment[]): Promise<boolean[]> =>
    sql.begin(async (tx) => {
      const opened = await openPayments(tx, payments, now);
      return payments.map((each) => opened.includes(each));
    });
  const open = together<Payment, boolean>(
    async (payments) => {
      try {
        return await openTogether(payments);
      } catch (thrown) {
        // When one of several payments lost its debts, each is opened alone, so that only that one
        // fails.
        if (payments.length > 1 || !(thrown instanceof NotClaimed)) throw thrown;
        return [false];
      }
    },
    {
      count: upToDistinct(TOGETHER, (each) => each.subscriberId),
    },
  );

  const sign = together<Signing, boolean>(
    async (signings) => {
      const rows = signings.map(({ id, bytes }) => ({
        payment_id: id,
        signature: bytes.signature,
        bytes: Buffer.from(bytes.bytes).toString('base64'),
        last_valid_block_height: bytes.lastValidBlockHeight,
        blockhash_slot: bytes.blockhashSlot,
        price: String(bytes.microLamports ?? 0n),
      }));
      const under = signings[0]?.under ?? null;
      const done = await sql<{ payment_id: string }[]>`
        with given as (
          select * from jsonb_to_recordset(${sql.json(rows)}) as g(payment_id text, signature text, bytes text,
            last_valid_block_height bigint, blockhash_slot bigint, price bigint)),
        held as (${heldIn(sql, sql`'planned'`)}),
        done as (
          update payment p set state = 'signed', signature = g.signature, bytes = decode(g.bytes, 'base64'),
            last_valid_block_height = g.last_valid_block_height, blockhash_slot = g.blockhash_slot, trouble = null
          from given g join held using (payment_id) where p.payment_id = g.payment_id
            ${under === null ? sql`` : sql`and ${identityOf(sql)} = ${under}`} returning p.subscriber_id, p.payment_id, p.nonce_value),
        kept as (
          insert into payment_variant (subscriber_id, payment_id, number, purpose, signature, bytes, micro_lamports, signed_at)
          select done.subscriber_id, payment_id, 1, 'payment', g.signature, decode(g.bytes, 'base64'), g.price, ${now}
          from done join given g using (payment_id) where done.nonce_value is not null),
        emptied as (
          update profit_share s set reason = null
          from done cross join lateral (
              select share_id from payment_share where subscriber_id = done.subscriber_id and payment_id = done.payment_id offset 0) c
            cross join lateral (select share_id from profit_share where share_id = c.share_id and reason is not null offset 0) w
          where s.share_id = w.share_id returning 1)
        select payment_id from done`;
      const ids = new Set(done.map((row) => row.payment_id));
      return signings.map(({ id }) => ids.has(id));
    },
    {
      // One statement checks one identity of the database.
      count: (waiting) => {
        const [first] = waiting;
        const alike = waiting.findIndex(({ under }) => under !== first?.under);
        const given = alike < 0 ? waiting : waiting.slice(0, alike);
        return upToDistinct<Signing>(TOGETHER, (each) => each.id)(given);
      },
    },
  );

  const send = together<Sending, boolean>(
    async (sendings) => {
      const rows = sendings.map(({ id, signature, nowMs }) => ({
        payment_id: id,
        signature,
        sent_at: at(nowMs).toISOString(),
      }));
      const done = await sql<{ payment_id: string }[]>`
        with given as (select * from jsonb_to_recordset(${sql.json(rows)}) as g(payment_id text, signature text, sent_at timestamptz)),
        held as (${heldIn(sql, sql`'signed'`)})
        update payment p set state = 'sent', sent_at = g.sent_at from given g join held using (payment_id)
        where p.payment_id = g.payment_id and p.signature = g.signature returning p.payment_id`;
      const ids = new Set(done.map((row) => row.payment_id));
      return sendings.map(({ id }) => ids.has(id));
    },
    { count: upToDistinct(TOGETHER, (each) => each.id) },
  );

  const landTogether = (landings: readonly Landing[]) =>
    sql.begin(async (tx): Promise<boolean[]> => {
      const given = landings.map(({ id, slot, signature }) => ({
        payment_id: id,
        slot,
        signature,
      }));
      const rows = await tx<LandedRow[]>`
        with given as (select * from jsonb_to_recordset(${tx.json(given)}) as g(payment_id text, slot bigint, signature text)),
        held as (${heldIn(tx, tx`'sent'`)})
        update payment p set state = 'landed', trouble = null, executed_slot = g.slot, ended_at = now(), ${executedVariant(tx, tx`g.signature`)}
        from given g join held using (payment_id)
        where p.payment_id = g.payment_id and ${holdsBytes(tx, tx`g.signature`)}
        returning p.payment_id, p.subscriber_id, p.creator_wallet, p.mint, p.amount, p.signature, p.purpose,
          (select symbol from token k where k.mint = p.mint) as symbol, ${recipientsIn(tx)} as recipients`;
      const found = new Map(rows.map((row) => [row.payment_id, row]));
      const landed = landings.flatMap(({ id, slot }) => {
        const row = found.get(id);
        return row === undefined ? [] : [{ row, slot }];
      });
      const telling = tellAll(
        tx,
        landed.map(({ row, slot }) => ({
          kind: 'payment.landed',
          subscriberId: row.subscriber_id,
          body: {
            payment: row.payment_id,
            creatorWallet: row.creator_wallet,
            signature: row.signature,
            slot,
            purpose: row.purpose,
            mint: row.mint,
            symbol: row.symbol,
            amount: row.amount,
            recipients: toldRecipients(row.recipients),
          },
        })),
      );
      const discharging = discharge(
        tx,
        now,
        landed.map(({ row, slot }) => ({
          subscriberId: row.subscriber_id,
          landing: { payment: row.payment_id, signature: row.signature, slot },
        })),
        'land',
      );
      await Promise.all([telling, discharging]);
      return landings.map(({ id }) => found.has(id));
    });
  const land = together<Landing, boolean>(landTogether, {
    count: upToDistinct(TOGETHER, (each) => each.id),
  });

  const overpaidBy = together<string, BaseUnits>(
    async (ids) => {
      const rows = await sql<{ payment_id: string; overpaid: bigint }[]>`
        select ps.payment_id, sum(s.overpaid)::bigint as overpaid
        from payment p join payment_share ps using (subscriber_id, payment_id) join profit_share s using (subscriber_id, share_id)
        where p.payment_id = ${among(sql, ids)} and s.overpaid > 0 group by ps.payment_id`;
      const found = new Map(rows.map((row) => [row.payment_id, row.overpaid]));
      return ids.map((id) => found.get(id) ?? 0n);
    },
    { count: (waiting) => Math.min(TOGETHER, waiting.length) },
  );

  return {
    open: (payment) => open(payment),
    signed: (id, bytes, under = null) => sign({ id, bytes, under }),
    sent: (id, signature, nowMs) => send({ id, signature, nowMs }),
    landed: (id, slot, signature) => land({ id, slot, signature }),
    overpaidBy: (id) => overpaidBy(id),
  };
}
