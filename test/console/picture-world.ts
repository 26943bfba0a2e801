// Picture world: the subscribers that the pictures show, at a real daemon. Keys, amounts and times
// are the same in every run.
import { createHash } from 'node:crypto';
import { Keypair } from '@solana/web3.js';
import { openDatabase } from '../../src/ledger/database.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import type { OwnDaemon } from '../bench/own-daemon.ts';
import { withoutGuards } from '../support/guards.ts';

/** Blocks of a second, to which the times of blocks are rounded. */
const A_SECOND = 10;
/** Blocks after which an act is final. */
const FINAL = 10;
const never = new AbortController().signal;
const DEPOSIT = 1_000_000_000n;
/** 64 bytes that stand for a text. */
export const hashOf = (text: string): Buffer => createHash('sha512').update(text).digest();
const keyOf = (name: string): Keypair => Keypair.fromSeed(hashOf(name).subarray(0, 32));

export const LONG_NAME = 'a-subscriber-with-a-name-as-long-as-some-platforms-make-them';
/** The creator whom all subscribers copy. */
export const CREATOR = keyOf('creator').publicKey.toBase58();
/** The time at which the pictures are looked at, and the period of statements. */
export const SHOWN_AT = '2026-10-31T14:40:00Z';
export const PERIOD = { since: '2026-10-01', until: '2026-11-01' };

type Readiness = { ready: boolean; findings: unknown[] };
type Hearing = { unverified: { wanted: number; confirmed: number } };

/** The lamports of each subscriber's agent. One without any cannot pay, and owes. */
export const LAMPORTS = { ana: 50_000_000n, bo: 50_000_000n, [LONG_NAME]: 0n, lee: 0n };
/** Closes in the order of their times: whose, bought at 150 USD, how much (1e9), sold at (1e6). */
const CLOSES = [
  ['2026-10-02T09:14:08Z', 'ana', 2_000_000_000n, 163_000_000n],
  ['2026-10-05T17:40:51Z', 'bo', 4_000_000_000n, 161_000_000n],
  ['2026-10-07T16:02:33Z', 'ana', 5_000_000_000n, 158_000_000n],
  ['2026-10-09T11:47:10Z', 'ana', 3_000_000_000n, 156_500_000n],
  ['2026-10-13T07:25:46Z', 'bo', 3_000_000_000n, 165_000_000n],
  ['2026-10-16T20:31:22Z', 'ana', 6_000_000_000n, 162_000_000n],
  ['2026-10-19T10:05:59Z', LONG_NAME, 2_000_000_000n, 165_000_000n],
  ['2026-10-21T12:18:05Z', 'lee', 3_000_000_000n, 160_000_000n],
  ['2026-10-23T08:05:37Z', 'ana', 4_000_000_000n, 159_000_000n],
  ['2026-10-27T14:52:16Z', 'bo', 2_000_000_000n, 164_000_000n],
  ['2026-10-29T13:26:44Z', 'ana', 5_000_000_000n, 160_000_000n],
] as const;
const FIRST_ACT_AT = '2026-10-01T08:00:00Z';
/** A local chain is final within a second; mainnet takes some fifteen. */
const PAID_AFTER_S = 19;

/** Waits until the daemon's answer contains a text so many times. */
async function told({ ask }: OwnDaemon, route: string, text: string, times = 1): Promise<void> {
  while ((await (await ask(route)).text()).split(text).length <= times)
    await clock.sleep(200, never);
}

/**
 * Makes the subscribers: `ana` and `bo` have paid, one with a long name owes, and `lee` withdrew
 * while it owed. Each act has a slot of its own, so that their order is the same in every run.
 */
export async function furnish(daemon: OwnDaemon): Promise<void> {
  const { driver, cluster } = daemon.world;
  const traders = new Map<string, Trader>();
  for (const [id, lamports] of Object.entries(LAMPORTS)) {
    const trader = driver.createTrader({ deposit: DEPOSIT, lamports, agent: keyOf(id) });
    traders.set(id, trader);
    cluster.advance(FINAL);
    await daemon.subscribe(id, trader, keyOf('creator').publicKey);
    cluster.advance(FINAL);
  }
  const of = (id: string): Trader => traders.get(id) ?? { agent: keyOf(id), subAccountId: 0 };
  const paid = new Map<string, number>();
  for (const [, id, base, exit] of CLOSES) {
    driver.movePrice(0, 150_000_000n);
    driver.trade(of(id), 'long', base);
    cluster.advance(2);
    driver.movePrice(0, exit);
    driver.trade(of(id), 'short', base, { reduceOnly: true });
    cluster.advance(2);
    const shares = `/v1/shares?subscriber=${id}`;
    if (LAMPORTS[id] === 0n) await told(daemon, shares, 'agent_needs_sol');
    else {
      paid.set(id, (paid.get(id) ?? 0) + 1);
      await told(daemon, shares, '"status":"paid"', paid.get(id));
    }
    if (id !== 'lee') continue;
    driver.withdrawTo(of(id), keyOf('elsewhere').publicKey, DEPOSIT / 2n);
    await told(daemon, '/v1/gate/lee?action=open', '"delinquent"');
    cluster.advance(2);
  }
  await dateRows(daemon);
}

/**
 * Gives shares, payments and acts the times above, in the order of their slots: everything happened
 * within a minute, and a chart of one day shows nothing.
 */
async function dateRows({ databaseUrl }: OwnDaemon): Promise<void> {
  const sql = openDatabase(databaseUrl, silentLog, 1);
  try {
    await withoutGuards(sql, async (tx) => {
      const times = `{${CLOSES.map(([at]) => at).join()}}`;
      await tx`
        update profit_share s set closed_at = o.at from (
          select share_id, (${times}::timestamptz[])[row_number() over (order by slot)] as at from profit_share) o
        where o.share_id = s.share_id`;
      await tx`
        update payment p set ended_at = s.closed_at + ${PAID_AFTER_S} * interval '1 second'
        from payment_share c join profit_share s using (subscriber_id, share_id)
        where (c.subscriber_id, c.payment_id) = (p.subscriber_id, p.payment_id)`;
      await tx`
        update act a set at = ${FIRST_ACT_AT}::timestamptz + o.nth * interval '90 seconds'
        from (select act_id, row_number() over (order by act_id) as nth from act) o where o.act_id = a.act_id`;
    });
  } finally {
    await sql.end();
  }
}

/**
 * Waits until the gate sees the chain, every transaction is read and final, and no finding is open.
 * A machine that rested has a chain behind its clock, of which the daemon tells: the blocks of that
 * time are made here, where no payment waits that they would let expire.
 */
export async function untilCalm({ ask, world: { cluster } }: OwnDaemon): Promise<void> {
  for (;;) {
    const atMs = (cluster.blockTime(cluster.slot('processed')) ?? 0) * 1_000;
    cluster.advance(Math.max(0, Math.floor((clock.nowMs() - atMs) / cluster.slotMs) - A_SECOND));
    const ready = (await (await ask('/health/ready')).json()) as Readiness;
    const { unverified } = (await (await ask('/v1/hearing')).json()) as Hearing;
    const isQuiet = unverified.wanted + unverified.confirmed === 0;
    if (ready.ready && ready.findings.length === 0 && isQuiet) return;
    await clock.sleep(200, never);
  }
}
