// Laws: what must hold of a simulated history, on the way and in the end.

import type { Ledger } from '../../src/core/ports.ts';
import { judge, type StandingEvent } from '../../src/core/standing.ts';
import type { Sql } from '../../src/ledger/database.ts';
import type { SimChain } from './chain.ts';

export const SUBSCRIBERS = 2;
export const SHARE_BPS = 1_000;
export const idOf = (subscriber: number): string => `s${subscriber}`;

/** Law 1, on the chain itself: no share is covered by two payments that were executed. */
export function checkPaidOnce(chain: SimChain): void {
  const paidBy = new Map<string, string>();
  for (const { executed } of chain.blocks()) {
    for (const { act, error } of executed) {
      if (act.kind !== 'payment' || error !== null) continue;
      for (const share of act.covers) {
        const other = paidBy.get(share);
        if (other !== undefined)
          throw new Error(`law 1: share ${share} was paid by ${other} and by ${act.memo}`);
        paidBy.set(share, act.memo);
      }
    }
  }
}

/** In the end: the ledger is the history of the chain, debts are what it implies, and creators hold exactly that. */
export async function checkOutcome(chain: SimChain, ledger: Ledger, sql: Sql): Promise<void> {
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
    const [booked] = await sql<
      { total: bigint | null }[]
    >`select sum(amount)::bigint as total from profit_share where subscriber_id = ${id}`;
    if ((booked?.total ?? 0n) !== owed)
      throw new Error(`law 2: ${id} owes ${owed} by the chain, ${booked?.total} by the ledger`);
    const held = chain.balances.accounts[index]?.creator ?? 0n;
    if (held !== owed)
      throw new Error(`law 1: the creator of ${id} was owed ${owed} and holds ${held}`);
    const expected = judge(history);
    const entry = await ledger.standings.update(id, judge);
    if (entry.standing !== expected.standing || entry.outstanding !== expected.outstanding) {
      throw new Error(
        `law 6: ${id} is ${entry.standing} by the ledger, ${expected.standing} by the chain`,
      );
    }
  }
}
