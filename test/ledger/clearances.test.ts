// Clearances: what several of them may let out together.
import { describe, expect, test } from 'vitest';
import type { Clearance } from '../../src/core/clearance.ts';
import type { Fact, FactBody, Tally } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import { USDC } from '../../src/core/token.ts';
import { readClearances } from '../../src/ledger/clearances.ts';
import { transferOf } from '../support/credit.ts';
import {
  addressOf,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
} from '../support/ledger.ts';

const clearance = (id: string, amount: bigint | null, grantedSlot = 50): Clearance => ({
  id,
  purpose: amount === null ? 'close' : 'withdraw',
  amount,
  grantedSlot,
  untilSlot: 100,
  trades: [],
});

test('of clearances that are granted at once, none adds up with the others beyond the most', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  const grant = (id: string, amount: bigint | null, most?: bigint, slot = 50, seen = 70) =>
    ledger.clearances.grant(
      ...(['ana', clearance(id, amount, slot), 0, 1_000, null] as const),
      ...(most === undefined ? [] : [{ most, slot: seen, readings: [] }]),
    );
  let granted = false;
  const first = await sql.begin(async (tx) => {
    await tx`select 1 from standing where subscriber_id = 'ana' for update`;
    const asked = grant('c1', 60n, 100n).finally(() => {
      granted = true;
    });
    // It waits for the standing of the subscriber, which this transaction holds, or a second grant
    // would not see it.
    const waiting = async () =>
      granted || (await tx`select 1 from pg_locks where not granted`).length > 0;
    await expect.poll(waiting).toBe(true);
    expect(granted).toBe(false);
    return { asked };
  });
  expect(await first.asked).toBeNull();
  expect(await grant('c2', 60n, 100n)).toBe(60n);
  expect(await grant('c3', 40n, 100n)).toBeNull();
  expect(await grant('c4', 1n, 100n)).toBe(100n);
  // One that has ended lets nothing out any more, and one to close is not counted.
  expect(await ledger.clearances.revoke('ana', 'c3', 55, 500)).toBe(true);
  expect(await grant('c5', null, 100n)).toBeNull();
  expect(await grant('c6', 41n, 100n, 56)).toBe(60n);
  expect(await grant('c7', 99n)).toBeNull();
});

test('a clearance is ended once, while it lasts by slot and by time, and not before its grant', async () => {
  await using held = await createTestLedger();
  const { clearances } = held.ledger;
  for (const id of ['c1', 'c2']) await clearances.grant('ana', clearance(id, 9n), 0, 1_000, null);
  expect(await clearances.revoke('ana', 'c1', 100, 500)).toBe(false);
  expect(await clearances.revoke('ana', 'c1', 70, 1_000)).toBe(false);
  expect(await clearances.revoke('bob', 'c1', 70, 500)).toBe(false);
  expect(await clearances.find('ana', 'c1')).toMatchObject({ untilSlot: 100, revokedAtMs: null });
  expect(await clearances.revoke('ana', 'c1', 70, 500)).toBe(true);
  expect(await clearances.revoke('ana', 'c1', 60, 600)).toBe(false);
  expect(await clearances.find('ana', 'c1')).toMatchObject({ untilSlot: 70, revokedAtMs: 500 });
  // The node that tells the slot may be behind the readings of the grant.
  expect(await clearances.revoke('ana', 'c2', 40, 500)).toBe(true);
  expect(await clearances.find('ana', 'c2')).toMatchObject({ untilSlot: 51 });
});

test('none is granted by a ledger whose books were held against the chain under another identity', async () => {
  await using held = await createTestLedger();
  const { clearances } = held.ledger;
  const asked = clearances.grant('ana', clearance('c1', 9n), 0, 1_000, 'of the primary before');
  await expect(asked).rejects.toMatchObject({ code: 'books_behind' });
  expect(await clearances.find('ana', 'c1')).toBe(null);
});

test('an outflow frees its part of a clearance only for a sum that was read after it', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const ask = (id: string, amount: bigint, seen: number) => {
    const settled = { most: 1_000_000_000n, slot: seen, readings: [] };
    return ledger.clearances.grant('ana', clearance(id, amount, 70), 0, 1_000, null, settled);
  };
  await ledger.clearances.grant('ana', clearance('c1', 600_000_000n), 0, 1_000, null);
  await recordFact(ledger, transferOf(1, 65, 500_000_000n, { owner: null }), 'finalized');
  // The sum that was read in slot 64 still contains what left in slot 65.
  expect(await ask('c2', 500_000_000n, 64)).toBe(600_000_000n);
  expect(await ask('c3', 950_000_000n, 65)).toBe(100_000_000n);
  expect(await ask('c4', 500_000_000n, 65)).toBeNull();
});

describe('with its readings', () => {
  const DRIFT = addressOf(10);
  const TOKENS = addressOf(2);
  const factAt = (
    n: number,
    slot: number,
    account: Address,
    body: FactBody,
    ordinal = 900,
  ): Fact => ({
    subscriberId: 'ana',
    account,
    signature: signatureOf(n),
    body,
    position: { slot, blockIndex: 1, ordinal },
  });
  const tally = (more: Partial<Tally>): Tally => ({
    kind: 'tally',
    realised: 0n,
    funding: 0n,
    deposits: 0n,
    withdraws: 0n,
    tokens: 0n,
    ...more,
  });
  const readings = [
    { account: DRIFT, slot: 60, amount: 900n },
    { account: TOKENS, slot: 62, amount: 100n },
  ];
  const settled = { most: 1_000n, slot: 60, readings };
  const fundsOf = async ({ sql }: Awaited<ReturnType<typeof createTestLedger>>) =>
    (await readClearances(sql, ['ana'])).get('ana')?.find((each) => each.id === 'c1')?.funds;

  test('a clearance has one change for each transaction, each account counted from its own reading', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await ledger.clearances.grant('ana', clearance('c1', 500n, 60), 0, 1_000, null, settled);
    const other = [{ mint: addressOf(90), amount: 7_000n }];
    for (const fact of [
      factAt(1, 60, DRIFT, tally({ realised: 1n })),
      factAt(2, 62, DRIFT, tally({ realised: -40n, withdraws: 30n })),
      factAt(3, 62, TOKENS, tally({ tokens: 30n })),
      factAt(
        4,
        63,
        TOKENS,
        tally({ tokens: 7_030n, mints: [...other, { mint: USDC.mint, amount: 30n }] }),
      ),
      factAt(5, 101, DRIFT, tally({ realised: 1n })),
      factAt(6, 64, addressOf(50), tally({ realised: 1n })),
      factAt(7, 100, DRIFT, tally({ realised: -5n })),
    ])
      await recordFact(ledger, fact, 'confirmed');
    const funds = await fundsOf(held);
    expect(funds?.settled).toBe(1_000n);
    expect(new Map(funds?.changes.map((each) => [each.at.slot, each.amount]))).toEqual(
      new Map([
        [62, -70n],
        [63, 30n],
        [100, -5n],
      ]),
    );
  });

  test('what changed is not known of a transaction that could not be read or that gave the tokens away', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await ledger.clearances.grant('ana', clearance('c1', 500n, 60), 0, 1_000, null, settled);
    const given = { kind: 'notice', what: 'token_authority_changed', amount: null } as const;
    const notice = { ...given, who: addressOf(91), detail: '' };
    const facts = [
      factAt(1, 63, DRIFT, { kind: 'unknown', why: 'log_truncated', tradedAt: null }),
      factAt(2, 64, TOKENS, notice),
      // Before the account was read, and of an account that was not read.
      factAt(3, 62, TOKENS, notice),
      factAt(4, 65, addressOf(50), notice),
    ];
    for (const fact of facts) await recordFact(ledger, fact, 'confirmed');
    const funds = await fundsOf(held);
    expect(funds?.changes.map((each) => [each.at.slot, each.amount]).sort()).toEqual([
      [63, null],
      [64, null],
    ]);
  });

  test('one to close has the trades of the first slot behind its readings, each at its place', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await ledger.clearances.grant('ana', clearance('c1', null, 60), 0, 1_000, null);
    const unread = {
      kind: 'unknown',
      why: 'log_truncated',
      tradedAt: 300,
      tradedFrom: 200,
    } as const;
    for (const fact of [
      closeFact(1, 5n, { account: DRIFT, slot: 60 }),
      factAt(2, 62, DRIFT, unread),
      closeFact(3, 5n, { account: DRIFT, slot: 62 }),
      closeFact(4, 5n, { account: DRIFT, slot: 63 }),
    ])
      await recordFact(ledger, fact, 'confirmed');
    const [read] = (await readClearances(held.sql, ['ana'])).get('ana') ?? [];
    expect(read?.trades.map((each) => [each.slot, each.signature]).sort()).toEqual(
      [2, 3].map((n) => [62, signatureOf(n)]).sort(),
    );
    expect(read?.trades.find((each) => each.signature === signatureOf(2))?.ordinal).toBe(200);
  });

  test('what a fork dropped counts only where the surviving chain has it', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await ledger.clearances.grant('ana', clearance('c1', 500n, 60), 0, 1_000, null, settled);
    await ledger.clearances.grant('ana', clearance('c2', null, 60), 0, 1_000, null);
    const given = { kind: 'notice', what: 'token_authority_changed', amount: null } as const;
    const facts = [
      [1, DRIFT, tally({ realised: -40n })],
      [2, TOKENS, { ...given, who: addressOf(91), detail: '' }],
      [3, DRIFT, closeFact(3, 5n, { account: DRIFT, slot: 70 }).body],
    ] as const;
    for (const [n, account, body] of facts) {
      await recordFact(ledger, factAt(n, 70, account, body), 'confirmed');
      await recordFact(ledger, factAt(n, 80 + n, account, body), 'finalized');
    }
    const funds = await fundsOf(held);
    expect(funds?.changes.map((each) => [each.at.slot, each.amount]).sort()).toEqual([
      [81, -40n],
      [82, null],
    ]);
    const read = (await readClearances(held.sql, ['ana'])).get('ana') ?? [];
    const trades = read.find((each) => each.id === 'c2')?.trades ?? [];
    expect(trades.map((each) => each.slot)).toEqual([83]);
  });

  test('a subscriber that leaves has no clearance any more, and is given none', async () => {
    await using held = await createTestLedger();
    const { ledger } = held;
    await ledger.clearances.grant('ana', clearance('c1', 500n, 60), 0, 1_000, null, settled);
    expect(await ledger.subscribers.retire('ana', 65, 500)).toBe(true);
    expect(await ledger.clearances.find('ana', 'c1')).toMatchObject({
      untilSlot: 65,
      revokedAtMs: 500,
    });
    const late = ledger.clearances.grant('ana', clearance('c2', 1n, 70), 0, 1_000, null, settled);
    await expect(late).rejects.toMatchObject({ code: 'not_found' });
  });
});
