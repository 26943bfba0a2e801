// Share funding: computes how much funding belongs to the parts of shares, from the facts from
// which their closes were booked.
import { fundingOfCloses } from '../core/funding.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import type { Sql } from './database.ts';
import { readBody } from './facts.ts';
import { grouped } from './groups.ts';
import { readFundedHistories } from './movements.ts';
import { readSubscriptions } from './subscriptions.ts';

/** The close of a share; its fields are null for a debt that was brought from another system. */
export type FundedShare = {
  share_id: string;
  subscription_id: string;
  terms_slot: bigint;
  account: Address | null;
  signature: Signature | null;
  slot: bigint;
  ordinal: number | null;
  block_index: number | null;
  kind: 'close' | 'reckoning' | null;
  body: unknown;
  /** Whether account state has shown that every fact up to the close is on record. */
  proven: boolean;
};

const placeKey = (signature: Signature, slot: number, ordinal: number): string =>
  `${signature}/${slot}/${ordinal}`;

/**
 * The funding of these shares' parts in base units, by the id of the share; negative when the
 * account paid, null where it is not known. A share is absent when account state has not proven
 * that every fact up to its close is on record, or when it has no close. `shares` are in chain
 * order.
 */
export async function fundingOfShares(
  sql: Sql,
  shares: readonly FundedShare[],
): Promise<ReadonlyMap<string, BaseUnits | null>> {
  const closed = shares.flatMap((share) => {
    const { account, signature, ordinal, kind, block_index: blockIndex } = share;
    if (!share.proven || kind !== 'close' || account === null) return [];
    if (signature === null || ordinal === null) return [];
    const slot = Number(share.slot);
    const body = readBody(kind, share.body);
    return [{ share, signature, position: { slot, blockIndex, ordinal }, body }];
  });
  const found = new Map<string, BaseUnits | null>();
  if (closed.length === 0) return found;
  const bySubscription = grouped(closed, ({ share }) => share.subscription_id);
  const subscriptions = await readSubscriptions(sql, { subscriptions: [...bySubscription.keys()] });
  const histories = await readFundedHistories(
    sql,
    subscriptions.map(({ id, driftAccount: account, held }) => ({
      account,
      since: held.slot,
      closes: bySubscription.get(id) ?? [],
    })),
  );
  for (const [nth, { id, held, terms }] of subscriptions.entries()) {
    const byPlace = new Map(
      [...fundingOfCloses(held, histories[nth] ?? [], terms)].map(([move, parts]) => [
        placeKey(move.signature, move.slot, move.ordinal),
        parts,
      ]),
    );
    for (const { share, signature, position } of bySubscription.get(id) ?? []) {
      const parts = byPlace.get(placeKey(signature, position.slot, position.ordinal));
      found.set(share.share_id, parts?.get(Number(share.terms_slot)) ?? null);
    }
  }
  return found;
}
