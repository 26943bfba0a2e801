// Laws: what must hold of a simulated history, on the way and in the end.

import { judge, type StandingEvent } from '../../src/core/standing.ts';
import type { SimBooks } from './books.ts';
import type { SimChain } from './chain.ts';

export const SUBSCRIBERS = 2;
export const SHARE_BPS = 1_000;
export const idOf = (subscriber: number): string => `s${subscriber}`;

/** Law 1, on the chain itself: payments that were executed never cover more of a share than there is. */
export async function checkPaidOnce(chain: SimChain, books: SimBooks): Promise<void> {
  const paid = new Map<string, { amount: bigint; by: string[] }>();
  for (const { executed } of chain.blocks()) {
    for (const { act, error } of executed) {
      if (act.kind !== 'payment' || error !== null) continue;
      for (const { shareId, amount } of act.covers) {
        const known = paid.get(shareId) ?? { amount: 0n, by: [] };
        paid.set(shareId, { amount: known.amount + BigInt(amount), by: [...known.by, act.memo] });
      }
    }
  }
  for (const [shareId, { amount, by }] of paid) {
    if (by.length < 2) continue;
    const share = await books.ledger.shares.find(shareId);
    if (share !== null && amount > share.amount)
      throw new Error(
        `law 1: share ${shareId} of ${share.amount} was paid ${amount} by ${by.join(', ')}`,
      );
  }
}

const LIVE: ReadonlySet<string> = new Set(['planned', 'signed', 'sent']);
const fail = (law: string): never => {
  throw new Error(law);
};

/** Laws 1 to 3 as the books must show them after every step; of the ledger in memory, which can be looked into. */
export function checkBooks(chain: SimChain, { state }: SimBooks): void {
  if (state === null) return;
  const payments = [...state.payments.values()];
  const live = payments.filter((each) => LIVE.has(each.state));
  if (new Set(live.map((each) => each.subscriberId)).size < live.length)
    fail('law 1: a subscriber has two payments that may still land');
  for (const share of state.shares.values()) {
    if (share.paid < 0n || share.paid > share.amount)
      fail(`law 1: share ${share.id} of ${share.amount} counts ${share.paid} as paid`);
    if ((share.status === 'paid') !== (share.paid === share.amount))
      fail(`law 2: share ${share.id} is ${share.status} with ${share.paid} of ${share.amount}`);
    const claimed = live.some((each) => each.covers.some((cover) => cover.shareId === share.id));
    if (claimed !== (share.status === 'processing'))
      fail(
        `law 2: share ${share.id} is ${share.status}, and ${claimed ? 'has' : 'has no'} payment`,
      );
  }
  for (const { slot, executed } of chain.blocks()) {
    for (const { act, signature, error } of executed) {
      if (act.kind !== 'payment') continue;
      const known = state.payments.get(act.memo.replace('bailiff:', ''));
      if (known?.signed?.signature !== signature)
        fail(`law 3: ${act.memo} is on chain, and its bytes are not on record`);
      const final = slot <= chain.finalSlot();
      if (final && (known?.state === 'dead' || (known?.state === 'failed' && error === null)))
        fail(`law 3: ${act.memo} was executed, and is called ${known?.state}`);
    }
  }
}

/** In the end: the ledger is the history of the chain, debts are what it implies, and creators hold exactly that. */
export async function checkOutcome(chain: SimChain, books: SimBooks): Promise<void> {
  const final = chain.finalSlot();
  for (let index = 0; index < SUBSCRIBERS; index++) {
    const id = idOf(index);
    const closes: bigint[] = [];
    const history: StandingEvent[] = [];
    let carry = 0n;
    for (const { slot, executed } of chain.blocks()) {
      for (const [blockIndex, { act, signature, error }] of executed.entries()) {
        if (act.subscriber !== index || error !== null || slot > final) continue;
        const place = { slot, blockIndex, ordinal: 0 };
        if (act.kind === 'close') {
          const netPnl = BigInt(act.netPnl);
          closes.push(netPnl);
          const exact = netPnl > 0n ? netPnl * BigInt(SHARE_BPS) + carry : carry;
          carry = exact % 10_000n;
          if (exact >= 10_000n) history.push({ kind: 'owed', at: place, amount: exact / 10_000n });
        } else if (act.kind === 'payment')
          history.push({
            kind: 'settled',
            at: { ...place, blockIndex: null },
            amount: BigInt(act.amount),
          });
        else
          history.push({
            kind: 'left',
            at: place,
            amount: BigInt(act.amount),
            what: '',
            signature,
          });
      }
    }
    const owed =
      (closes.filter((each) => each > 0n).reduce((sum, each) => sum + each, 0n) *
        BigInt(SHARE_BPS)) /
      10_000n;
    const booked = await books.booked(id);
    if (booked !== owed)
      throw new Error(`law 2: ${id} owes ${owed} by the chain, ${booked} by the ledger`);
    const held = chain.balances.accounts[index]?.creator ?? 0n;
    if (held !== owed)
      throw new Error(`law 1: the creator of ${id} was owed ${owed} and holds ${held}`);
    const expected = judge(history);
    const entry = await books.ledger.standings.update(id, judge, 0);
    if (entry.standing !== expected.standing || entry.outstanding !== expected.outstanding) {
      throw new Error(
        `law 6: ${id} is ${entry.standing} by the ledger, ${expected.standing} by the chain`,
      );
    }
  }
}
