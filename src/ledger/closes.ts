// Closes: reads every close and reckoning of a subscriber with its outcome: the parts as they were
// booked, their shares, or the condition that its booking waits for. core/outcome.ts puts the
// outcome into words.
import type { Address, Signature } from '../core/ids.ts';
import type { BookedPart, RecordedClose } from '../core/outcome.ts';
import type { Facts } from '../core/ports.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import { plannedEach, type Sql } from './database.ts';
import { cursorOf, placeOf, readBody } from './facts.ts';
import { conditionsOf } from './lists.ts';
import { type TokenRow, tokenIn } from './tokens.ts';

type Row = {
  account: Address;
  signature: Signature;
  slot: bigint;
  ordinal: number;
  kind: 'close' | 'reckoning';
  final: boolean;
  body: unknown;
  subscription_id: string | null;
  first_slot: bigint | null;
  books_from: bigint | null;
  waits: boolean;
  checked_slot: bigint | null;
  gap: boolean;
  parts: Record<string, unknown>[];
} & TokenRow;

const slotOf = (value: unknown): number | null => (value === null ? null : Number(value));
const amountOf = (value: unknown): bigint => BigInt(value as string);

function partOf(json: Record<string, unknown>): BookedPart {
  const shares = json.shares as Record<string, unknown>[];
  return {
    termsSlot: Number(json.terms_slot) < 0 ? null : Number(json.terms_slot),
    openedSlot: slotOf(json.opened_slot),
    base: json.base === null ? null : amountOf(json.base),
    basis: json.basis as BookedPart['basis'],
    shareBps: json.share_bps as number,
    netPnl: amountOf(json.net_pnl),
    profit: json.profit as BookedPart['profit'],
    fees: amountOf(json.fees),
    charged: amountOf(json.charged),
    hurdled: amountOf(json.hurdled),
    allowed: json.allowed === null ? null : amountOf(json.allowed),
    freeBeforeSlot: Number(json.free_before_slot),
    amount: amountOf(json.amount),
    deficitBefore: amountOf(json.deficit_before),
    deficitAfter: amountOf(json.deficit_after),
    shares: shares.map((share) => ({
      id: share.id as string,
      recipient: share.recipient as number,
      creatorWallet: share.creator as Address,
      amount: amountOf(share.amount),
      paid: amountOf(share.paid),
      status: share.status as string,
      observed: share.observed as boolean,
    })),
  };
}

/** Creates the reader of closes, newest first. */
export function createCloses(sql: Sql): Pick<Facts, 'closes'> {
  const listed = plannedEach(sql);
  return {
    async closes({ limit, before, ...filter }) {
      const { from, signature, ordinal, account } = placeOf(before);
      const rows = await listed<Row[]>`
        select k.mint, k.symbol, k.decimals, f.account, f.signature, f.slot, f.ordinal, f.kind, f.finality = 'finalized' as final, f.body, s.subscription_id, s.books_from,
          (select min(from_slot) from subscription_terms t where t.subscription_id = s.subscription_id) as first_slot,
          exists (select 1 from unbooked u where u.account = f.account and u.slot = f.slot and u.signature = f.signature
            and u.ordinal = f.ordinal and u.subscriber_id = f.subscriber_id) as waits,
          (c.baseline->>'slot')::bigint as checked_slot, c.difference is not null as gap,
          coalesce((select jsonb_agg(jsonb_build_object('terms_slot', a.terms_slot, 'opened_slot', a.opened_slot, 'base', a.base::text,
              'basis', a.basis, 'share_bps', a.share_bps, 'net_pnl', a.net_pnl::text, 'charged', a.charged::text, 'amount', a.amount::text,
              'profit', a.profit, 'fees', a.fees::text, 'hurdled', a.hurdled::text, 'allowed', a.allowed::text,
              'free_before_slot', coalesce((select t.free_before_slot from subscription_terms t where t.subscriber_id = a.subscriber_id
                and t.subscription_id = a.subscription_id and t.from_slot = a.terms_slot), 0),
              'deficit_before', a.deficit_before::text, 'deficit_after', a.deficit_after::text,
              'shares', (select coalesce(jsonb_agg(jsonb_build_object('id', p.share_id, 'creator', p.creator_wallet, 'paid', p.paid::text,
                  'status', p.status, 'observed', p.observed, 'recipient', p.recipient, 'amount', p.amount::text) order by p.recipient), '[]')
                from profit_share p where p.subscriber_id = a.subscriber_id and p.subscription_id = a.subscription_id
                and p.signature = a.signature and p.slot = a.slot and p.ordinal = a.ordinal and p.terms_slot = a.terms_slot))
              order by a.opened_slot nulls first, a.terms_slot)
            from accrual a where a.subscriber_id = f.subscriber_id and a.signature = f.signature and a.slot = f.slot
              and a.ordinal = f.ordinal and a.account = f.account), '[]') as parts
        from (select * from fact where ${conditionsOf(sql).closes(filter)}) f left join subscription s on s.drift_account = f.account and s.subscriber_id = f.subscriber_id
        left join account_check c on c.address = f.account
        join account n on n.address = f.account join venue v on v.name = coalesce(n.venue, ${DEFAULT_VENUE}) join token k on k.mint = v.mint
        where (${from}::bigint is null or (f.slot, f.signature, f.ordinal::bigint, f.account)
            < (${from}::bigint, ${signature}, ${ordinal}::bigint, ${account}))
        order by f.slot desc, f.signature desc, f.ordinal desc, f.account desc limit ${limit}`;
      return rows.map(
        (row): RecordedClose => ({
          token: tokenIn(row),
          account: row.account,
          signature: row.signature,
          slot: Number(row.slot),
          ordinal: row.ordinal,
          final: row.final,
          body: readBody(row.kind, row.body),
          subscriptionId: row.subscription_id,
          firstTermsSlot: slotOf(row.first_slot),
          booksFrom: slotOf(row.books_from) ?? 0,
          waits: row.waits,
          checkedSlot: slotOf(row.checked_slot),
          gap: row.gap,
          parts: row.parts.map(partOf),
          cursor: cursorOf(row),
        }),
      );
    },
  };
}
