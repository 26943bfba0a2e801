// Terms: where order matters to what a close owes, what was heard in any order is booked as the
// chain has it, and only once account state has shown that nothing is missing before it. npm test
// plays two histories, npm run test:long two more.
import { expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { createRandom } from '../sim/random.ts';
import { addressOf, CREATOR, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { LONG } from '../support/long.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const OTHER = addressOf(901);

/** Opens and closes in chain order, two a slot at most; positions never go below zero. */
function history(seed: number, account: Fact['account']): Fact[] {
  const random = createRandom(seed);
  const facts: Fact[] = [];
  let held = 0n;
  for (let n = 0; n < 40; n++) {
    const base = BigInt(1 + random.below(9));
    const close = closeFact(n, BigInt(random.below(20_000) - 8_000), { account, slot: 10 + n });
    if (held > base && random.chance(0.5)) {
      held -= base;
      facts.push({ ...close, body: { ...close.body, baseClosed: base, baseFilled: base } });
    } else {
      held += base;
      facts.push({
        ...close,
        body: {
          kind: 'open',
          market: 0,
          position: 'long',
          base,
          quote: base * 100n,
          fee: BigInt(random.below(3)),
          fillRecordId: BigInt(n),
        },
      });
    }
  }
  return facts;
}

async function booked(facts: readonly Fact[], heard: readonly number[], seed: number) {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount } = held;
  const agree = (fromSlot: number, creator: string, bps: number, more = {}) =>
    ledger.subscriptions.put({
      id: 'ana-sub',
      subscriberId: 'ana',
      driftAccount,
      terms: termsOf(fromSlot, creator, bps, more),
      held: NOTHING_HELD,
    });
  await agree(15, CREATOR, 1_000, { basis: 'high_water_mark' });
  await agree(30, OTHER, 2_000, { basis: 'high_water_mark' });
  await agree(40, OTHER, 2_000, { basis: 'high_water_mark', ended: true });
  await sql`
    insert into account_check (address, subscriber_id, baseline)
    values (${driftAccount}, 'ana', '{"slot":1,"counters":{},"hints":{},"pulse":""}')`;
  const random = createRandom(seed);
  const known = new Set<number>();
  for (const index of heard) {
    await recordFact(ledger, facts[index] as Fact, 'finalized');
    known.add(index);
    // State can have shown no more than what was heard without a hole.
    let whole = 0;
    while (known.has(whole)) whole++;
    const slot = whole === facts.length ? 1_000 : (facts[whole]?.position.slot ?? 0) - 1;
    await sql`update account_check set baseline = jsonb_set(baseline, '{slot}', to_jsonb(${slot}::int))`;
    if (random.chance(0.3)) await accrueCloses(ledger, silentLog);
  }
  await accrueCloses(ledger, silentLog);
  return {
    accruals: await sql`
      select signature, terms_slot, net_pnl, charged, amount, base, opened_slot, deficit_before, deficit_after
      from accrual order by slot, terms_slot`,
    tabs: (await ledger.subscriptions.find('ana-sub'))?.tabs,
  };
}

test.each(LONG ? [1, 2, 3, 4] : [1, 2])(
  'history %i is booked the same in whatever order it is heard',
  async (seed) => {
    const facts = history(seed, addressOf(3));
    const inOrder = facts.map((_, index) => index);
    const quiet = await booked(facts, inOrder, 1);
    expect(quiet.accruals.length).toBeGreaterThan(8);
    // The history has both creators, deficits, and parts that owe nothing.
    expect(new Set(quiet.accruals.map((each) => String(each.terms_slot))).size).toBeGreaterThan(2);
    const random = createRandom(seed + 100);
    for (let telling = 0; telling < 2; telling++) {
      const shuffled = [...inOrder];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = random.below(i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j] as number, shuffled[i] as number];
      }
      expect(await booked(facts, shuffled, telling)).toEqual(quiet);
    }
  },
);

test('a close that account state has not proven yet is not booked, but counts for the standing', async () => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount } = held;
  await ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount,
    terms: termsOf(5, CREATOR, 1_000, { basis: 'high_water_mark' }),
    held: NOTHING_HELD,
  });
  await recordFact(ledger, closeFact(1, -3_000n, { account: driftAccount }), 'finalized');
  await recordFact(ledger, closeFact(2, 5_000n, { account: driftAccount }), 'finalized');
  expect(await accrueCloses(ledger, silentLog)).toEqual([]);
  const { judge } = await import('../../src/core/standing.ts');
  // The loss comes off the win here, too.
  expect((await ledger.standings.update('ana', judge)).outstanding).toBe(200n);
  await sql`
    insert into account_check (address, subscriber_id, baseline)
    values (${driftAccount}, 'ana', '{"slot":50,"counters":{},"hints":{},"pulse":""}')`;
  expect(await accrueCloses(ledger, silentLog)).toEqual(['ana']);
  expect((await ledger.shares.open('ana')).map((each) => each.amount)).toEqual([200n]);
  expect((await ledger.standings.update('ana', judge)).outstanding).toBe(200n);
});
