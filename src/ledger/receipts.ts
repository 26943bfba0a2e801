// Receipts: reads everything from which the receipt of a share is written, in one transaction, so
// that its amounts are of one moment.
import type { Close, Reckoning } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Receipt, ReceiptMovement } from '../core/receipt.ts';
import { partsFollow } from '../core/receipt-close.ts';
import type { ReceiptBook } from '../core/receipt-ports.ts';
import { rulesIn } from '../core/terms.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import type { Sql, Transaction } from './database.ts';
import { readBody } from './facts.ts';
import { keptGenesis } from './genesis.ts';
import { type PlacedMovement, type ReadAs, readHistories } from './movements.ts';
import { readCredits, readParts, readPayments } from './receipt-rows.ts';
import { readSubscriptions } from './subscriptions.ts';

type CloseRow = {
  subscriber_id: string;
  subscription_id: string;
  account: Address;
  signature: Signature;
  slot: bigint;
  ordinal: number;
  block_index: number | null;
  kind: 'close' | 'reckoning';
  body: unknown;
  terms_slot: bigint;
  /** With microseconds, as text: a fact may be recorded in the millisecond of the booking. */
  accrued_at: string;
  recipient: number;
  creator_wallet: Address;
  amount: bigint;
  paid: bigint;
  overpaid: bigint;
  status: Receipt['share']['status'];
  agent_wallet: Address;
  agent_token_account: Address;
  sub_account_id: number;
  venue: VenueName;
};

/** The close in the shape of a receipt. Facts of later releases may have further fields. */
function closeOf(body: Close | Reckoning): Receipt['close']['body'] {
  if (body.kind === 'reckoning') {
    const { kind, netPnl, afterSlot, uptoSlot, held, heldBefore = null } = body;
    return { kind, netPnl, afterSlot, uptoSlot, held, heldBefore };
  }
  const { kind, market, side, position, cause, baseFilled, baseClosed, proceeds, entry } = body;
  const { grossPnl, fee, netPnl, fillRecordId, oraclePrice, counterparty } = body;
  return {
    kind,
    market,
    side,
    position,
    cause,
    baseFilled,
    baseClosed,
    proceeds,
    entry,
    grossPnl,
    fee,
    netPnl,
    fillRecordId,
    oraclePrice,
    counterparty,
  };
}

function movementsOf(move: PlacedMovement): ReceiptMovement[] {
  const { signature, slot, ordinal } = move;
  const place = { signature, slot, ordinal };
  switch (move.kind) {
    case 'open': {
      const { kind, market, position, base, quote, fee } = move;
      return [{ kind, ...place, market, position, base, quote, fee }];
    }
    case 'close': {
      const { kind, market, position, baseClosed } = move;
      return [{ kind, ...place, market, position, baseClosed }];
    }
    case 'reckoning': {
      const { kind, held, heldBefore = null, afterSlot } = move;
      return [{ kind, ...place, held, heldBefore, afterSlot }];
    }
    case 'unknown':
      return [{ kind: move.kind, ...place }];
    case 'stood':
    case 'flat':
      return [];
  }
}

/** The number of earlier recordings that are tried. Each costs two statements. */
const RECORDINGS_MOST = 8;

/**
 * How a close may have been booked otherwise than its history is read now: before a fact of an
 * earlier place was recorded, such as the reckoning of a stretch in front of the close; by an
 * earlier release; or both. Facts that were recorded after the close's history was read, and before
 * the close was booked, are in the ledger since before the booking without having been in that
 * history. So the times of the account's last recordings are tried as well, the latest first.
 */
async function* otherReadings(
  tx: Transaction,
  { account, slot, accrued_at: bookedAt }: CloseRow,
): AsyncGenerator<readonly [ReadAs, toldBefore: string | null]> {
  yield ['now', bookedAt];
  yield ['earlier', null];
  yield ['earlier', bookedAt];
  const recordings = await tx<{ at: string }[]>`
    select recorded_at::text as at from fact
    where account = ${account} and slot <= ${slot} and recorded_at < ${bookedAt}::timestamptz
      and kind in ('open', 'close', 'unknown', 'reckoning') and finality <> 'withdrawn'
    group by recorded_at order by recorded_at desc limit ${RECORDINGS_MOST}`;
  for (const { at } of recordings) yield ['now', at];
}

/** Creates the reader of receipts. */
export function createReceiptBook(sql: Sql): ReceiptBook {
  const read = async (tx: Transaction, shareId: string, genesisHash: string) => {
    const [row] = await tx<CloseRow[]>`
      select s.subscriber_id, s.subscription_id, a.account, s.signature, s.slot, s.ordinal, f.block_index, f.kind, f.body, s.terms_slot, a.accrued_at::text as accrued_at, s.recipient,
        s.creator_wallet, s.amount, s.paid, s.overpaid, s.status, p.agent_wallet, p.agent_token_account, w.sub_account_id,
        coalesce(w.venue, ${DEFAULT_VENUE}) as venue
      from profit_share s join accrual a using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
      join fact f on f.subscriber_id = a.subscriber_id and f.signature = a.signature and f.slot = a.slot and f.ordinal = a.ordinal
        and f.account = a.account
      join subscriber p on p.subscriber_id = s.subscriber_id join account w on w.address = a.account
      where s.share_id = ${shareId}`;
    if (row === undefined) {
      const [brought] = await tx`
        select 1 from profit_share where share_id = ${shareId} and brought is not null`;
      if (brought === undefined) return null;
      throw new Fault(
        'not_found',
        `Share ${shareId} has no receipt: it was brought from another system, and no close on chain shows it.`,
      );
    }
    const [subscription] = await readSubscriptions(tx, { subscriptions: [row.subscription_id] });
    if (subscription === undefined) return null;
    const slot = Number(row.slot);
    const { signature, ordinal, block_index: blockIndex } = row;
    const body = readBody(row.kind, row.body);
    const close = { signature, position: { slot, blockIndex, ordinal }, body };
    const parts = await readParts(tx, row);
    const terms = subscription.terms
      .filter((each) => each.fromSlot <= slot)
      .map(({ fromSlot, markSlot, creatorWallet, shareBps, basis, ended, ...more }) => ({
        fromSlot,
        markSlot,
        creatorWallet,
        shareBps,
        basis,
        ended,
        ...rulesIn(more),
        splits: more.splits.map(({ wallet, shareBps: part }) => ({ wallet, shareBps: part })),
      }));
    const bookedAs = async (as: ReadAs, toldBefore: string | null) => {
      const asked = { account: row.account, since: subscription.held.slot, closes: [close] };
      const [[before] = []] = await readHistories(tx, [asked], as, toldBefore);
      const { realised = body, moves: history = [] } = before ?? {};
      // A position from before the first terms is listed only if its market was never empty since.
      const emptied = new Set(history.flatMap((each) => (each.kind === 'flat' ? each.market : [])));
      const positions = subscription.held.positions.filter(
        ({ market }) =>
          !emptied.has(market) && (body.kind === 'reckoning' || market === body.market),
      );
      return {
        subscription: row.subscription_id,
        terms,
        parts,
        held: { slot: subscription.held.slot, positions, open: subscription.held.open ?? 'free' },
        movements: history.flatMap(movementsOf),
        close: { signature, slot, ordinal, body: closeOf(realised) },
      };
    };
    let booked = await bookedAs('now', null);
    for await (const [as, toldBefore] of otherReadings(tx, row)) {
      if (partsFollow(booked)) break;
      const other = await bookedAs(as, toldBefore);
      if (partsFollow(other)) booked = other;
    }
    return {
      genesisHash,
      ...booked,
      subscriber: {
        agentWallet: row.agent_wallet,
        tokenAccount: row.agent_token_account,
        venueAccount: row.account,
        subAccountId: row.sub_account_id,
      },
      venue: row.venue,
      creatorWallet: row.creator_wallet,
      share: {
        id: shareId,
        termsSlot: Number(row.terms_slot),
        recipient: row.recipient,
        amount: row.amount,
        paid: row.paid,
        overpaid: row.overpaid,
        status: row.status,
      },
      payments: await readPayments(tx, row.subscriber_id, shareId),
      credits: await readCredits(tx, row.subscriber_id, shareId),
    };
  };
  return {
    async figures(shareId) {
      const genesisHash = await keptGenesis(sql);
      if (genesisHash === null) return null;
      return sql.begin('isolation level repeatable read read only', (tx) =>
        read(tx, shareId, genesisHash),
      );
    },
  };
}
