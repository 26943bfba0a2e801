// Clearance: a platform asks before it withdraws. Debts are paid at once, or the answer says why
// not.
import { Keypair } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { Clearances } from '../../src/core/clearance-ports.ts';
import { createPace } from '../../src/core/pace.ts';
import { blankState } from '../../src/core/reckoning.ts';
import { type ClearPorts, createClear } from '../../src/flows/clearance.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';
import { factsOf } from '../support/heard-rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';
import { servingOnly } from '../support/venues.ts';

test('pays what is owed, clears, and the withdrawal that follows makes no runaway', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({ sponsor });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  const ask = (body: unknown) => street.post('/v1/subscribers/ana/clearances', body);
  profitableClose(driver, trader);
  const waiting = await street.share('ana', (each) => each.reason?.code === 'sponsor_needs_sol');

  const blocked = await ask({ purpose: 'withdraw', amount: '400000000' });
  expect(blocked).toMatchObject({
    status: 200,
    body: { status: 'blocked', outstanding: waiting.amount },
  });
  expect(blocked.body.reason).toMatch(/You owe .* USDC .*Add SOL/);

  driver.giveSol(sponsor.publicKey, 1_000_000_000n);
  const cleared = await ask({ purpose: 'withdraw', amount: '400000000' });
  expect(cleared).toMatchObject({ status: 201, body: { status: 'cleared', amount: '400000000' } });
  expect(driver.usdcOf(creator)).toBe(BigInt(waiting.amount));

  // A close after the clearance makes a debt. The cleared withdrawal still counts as cleared; a
  // second withdrawal does not.
  street.world.mischief.swallowSends = 1_000_000;
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.id !== waiting.id);
  const agreed = driver.withdrawTo(trader, Keypair.generate().publicKey, 400_000_000n);
  await expect
    .poll(async () =>
      (await factsOf(street.database, 'outflow'))
        .filter(({ finality }) => finality === 'finalized')
        .map(({ signature }) => signature),
    )
    .toContain(agreed.signature);
  await street.standing('ana', 'good');
  const more = driver.withdrawTo(trader, Keypair.generate().publicKey, 1_000_000n);
  expect((await street.standing('ana', 'delinquent')).evidence?.signature).toBe(more.signature);
});

test('while a winning position is open, closing is not cleared and only what is settled may leave; nobody clears first and wins afterwards', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({ sponsor });
  const { driver, database } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const ask = async (body: unknown) =>
    (await street.post('/v1/subscribers/ana/clearances', body)).body;
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  expect(await ask({ purpose: 'close' })).toMatchObject({
    status: 'blocked',
    code: 'positions_open',
    outstanding: '0',
  });
  expect(await ask({ purpose: 'withdraw', amount: '1020000000' })).toMatchObject({
    code: 'too_much',
  });
  expect(await ask({ purpose: 'withdraw', amount: '400000000' })).toMatchObject({
    status: 'cleared',
  });
  driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
  driver.send([driver.instructions.settlePnl(trader, 0)], [driver.faucet, trader.agent]);
  const fled = driver.withdrawTo(trader, Keypair.generate().publicKey, 1_029_000_000n);
  const { evidence } = await street.standing('ana', 'delinquent');
  expect(evidence?.signature).toBe(fled.signature);
  const [outflow] = await factsOf(database, 'outflow');
  expect(outflow?.body).toMatchObject({ amount: 1_029_000_000n });
  expect(evidence).toMatchObject({ amount: '629000000' });
});

test('clearances do not add up beyond what is settled, however many are asked for at once', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await street.verdict('ana', 'allow');
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 10_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  await expect.poll(async () => (await factsOf(street.database, 'open')).length).toBe(1);
  const there = driver.depositOf(trader);
  const ask = async (amount: bigint) =>
    (
      await street.post('/v1/subscribers/ana/clearances', {
        purpose: 'withdraw',
        amount: `${amount}`,
      })
    ).body;
  // Each waits until the account is explained, and then reads the same deposit.
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(there - 100_000_000n)));
  const [cleared, more] = answers.filter((each) => each.status === 'cleared');
  const others = answers.filter((each) => each !== cleared);
  expect(more).toBeUndefined();
  for (const each of others) {
    expect(each).toMatchObject({ status: 'blocked', code: 'too_much' });
    expect(each.reason).toMatch(/Earlier clearances still let .* USDC leave/);
  }
  expect(await ask(100_000_000n)).toMatchObject({ status: 'cleared' });
  expect(await ask(1n)).toMatchObject({ code: 'too_much' });
  // A withdrawal under the clearances uses them up, and what is left may be asked for again.
  driver.withdrawTo(trader, Keypair.generate().publicKey, 600_000_000n);
  expect(await ask(there - 701_000_000n)).toMatchObject({ code: 'too_much' });
  await fetch(`${street.app().url}/v1/subscribers/ana/clearances/${cleared?.id}`, {
    method: 'DELETE',
  });
  await expect.poll(async () => (await ask(there - 701_000_000n)).status).toBe('cleared');
});

test.each([20, 400, 500])(
  'a clearance lasts as long on the chain as on the clock, where a slot takes %i ms',
  async (slotMs) => {
    const clock = createManualClock();
    const slot = async () => 1_000 + Math.floor(clock.nowMs() / slotMs);
    const granted: { untilSlot: number; grantedSlot: number; under: string | null }[] = [];
    const clear = createClear(
      {
        ledger: {
          subscribers: {
            find: async () => ({ driftAccounts: [{ address: 'user' }], retiredAtMs: null }),
          },
          checks: {
            explained: async () => ({ traded: 0n, positions: null }),
            missing: async () => new Set(),
          },
          unfollowed: { find: async () => [] },
          clearances: {
            find: async () => null,
            grant: async (...[, clearance, , , under]: Parameters<Clearances['grant']>) =>
              void granted.push({ ...clearance, under }),
          },
        },
        chain: { slot, accounts: async () => ({ slot: await slot(), accounts: [null] }) },
        tokens: { tokenAccount: () => 'ata', readTokenAccount: () => null },
        venues: servingOnly({
          preflightAccounts: async () => [],
          statsAddress: () => 'counter',
          stateOf: () => ({ ...blankState(1), hints: { exists: true } }),
          read: () => null,
        }),
        books: { doubt: async () => null, identity: () => 'the database' },
        clock,
        log: silentLog,
        pace: createPace(),
        owed: async () => [],
        nudge: () => {},
      } as unknown as ClearPorts,
      { lastsMs: 600_000, patienceMs: 0 },
    );
    const wanted = { id: 'c', purpose: 'close', amount: null } as const;
    const asked = await slot();
    const answer = await clear('ana', wanted);
    expect(answer).toMatchObject({ status: 'cleared', untilMs: clock.nowMs() + 600_000 });
    const [given] = granted;
    // The database that was compared with the chain is the one that takes the clearance.
    expect(given?.under).toBe('the database');
    // What was sent at the last moment may land within a minute.
    expect((given?.untilSlot ?? 0) - (await slot())).toBe(660_000 / slotMs);
    // The pace is measured after the accounts were read, in the first slot.
    expect(given?.grantedSlot).toBe(asked);
  },
);

describe('of a subscriber with 150 deleted accounts beside one', () => {
  const accounts = Array.from({ length: 151 }, (_, at) => `u${at}`);
  /** Asks to close. `again`: a deleted account that was made again and not heard of yet. */
  async function ask(given: { again?: string; beyond?: boolean }) {
    const read: string[] = [];
    const sliced: number[] = [];
    const exists = (address: string) => address === 'u0' || address === given.again;
    const clear = createClear(
      {
        ledger: {
          subscribers: {
            find: async () => ({
              driftAccounts: accounts.map((address) => ({ address })),
              retiredAtMs: null,
            }),
          },
          checks: {
            explained: async () => ({ traded: 0n, positions: null }),
            missing: async () => new Set(accounts.slice(1)),
          },
          unfollowed: {
            find: async ([counter]: string[]) =>
              counter === 'counter' && given.beyond === true ? [{ address: counter }] : [],
          },
          clearances: { find: async () => null, grant: async () => {} },
        },
        chain: {
          slot: async () => 1_000,
          accounts: async ([address]: string[]) => ({ slot: 1_000, accounts: [address ?? null] }),
          slices: async (asked: string[]) => {
            sliced.push(asked.length);
            return { accounts: asked.map((each) => (exists(each) ? {} : null)) };
          },
        },
        tokens: { tokenAccount: () => 'ata', readTokenAccount: () => null },
        venues: servingOnly({
          statsAddress: () => 'counter',
          preflightAccounts: async (address: string) => {
            read.push(address);
            return [address];
          },
          stateOf: (_: string, slot: number, address: string) => ({
            ...blankState(slot),
            hints: { ...blankState(slot).hints, exists: exists(address) },
            positions: address === given.again ? [{}] : [],
          }),
          read: () => null,
        }),
        books: { doubt: async () => null, identity: () => 'the database' },
        clock: createManualClock(),
        log: silentLog,
        pace: { msPerSlot: () => 400 },
        owed: async () => [],
        nudge: () => {},
      } as unknown as ClearPorts,
      { lastsMs: 600_000, patienceMs: 0 },
    );
    const answer = await clear('ana', { id: 'c', purpose: 'close', amount: null });
    return { answer, read, sliced };
  }

  test('those are asked for a hundred at a time', async () => {
    const { answer, read, sliced } = await ask({});
    expect(answer.status).toBe('cleared');
    expect([read, sliced]).toEqual([['u0'], [100, 50]]);
  });

  test('one that was made again is read before a fact tells of it', async () => {
    const { answer, read } = await ask({ again: 'u70' });
    expect(answer).toMatchObject({ status: 'blocked', code: 'positions_open' });
    expect(read).toEqual(['u0', 'u70']);
  });

  test('nothing is cleared while sub-accounts are not followed', async () => {
    const { answer } = await ask({ beyond: true });
    expect(answer).toMatchObject({ status: 'blocked', code: 'accounts_not_followed' });
  });
});

test('a running daemon measures the slots of its chain: a clearance is counted in slots of 20 ms', async () => {
  await using street = await openStreet({ slotMs: 20 });
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const { body } = await street.post('/v1/subscribers/ana/clearances', {
    purpose: 'withdraw',
    amount: '1',
  });
  expect(body.status).toBe('cleared');
  const [given] = await createLedger(street.database.sql).clearances.list({
    subscriberId: 'ana',
    limit: 1,
  });
  if (given === undefined) throw new Error('no clearance');
  // A busy machine makes slots longer, but never ten times as long; 400 ms are usual elsewhere.
  expect(
    (given.untilMs - given.grantedAtMs + 60_000) / (given.untilSlot - given.grantedSlot),
  ).toBeLessThan(200);
});

test('wrong questions are answered as such', async () => {
  await using street = await openStreet({ webhooks: false });
  const trader = street.driver.createTrader({ deposit: 1_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const ask = async (id: string, body: unknown) =>
    (await street.post(`/v1/subscribers/${id}/clearances`, body)).status;
  expect(await ask('nobody', { purpose: 'close' })).toBe(404);
  expect(await ask('ana', { purpose: 'withdraw' })).toBe(400);
  expect(await ask('ana', { purpose: 'withdraw', amount: '0' })).toBe(400);
  expect(await ask('ana', { purpose: 'withdraw', amount: '1.5' })).toBe(400);
  expect(await ask('ana', { purpose: 'close', amount: '5' })).toBe(400);
  expect(await ask('ana', { purpose: 'dance' })).toBe(400);
  expect(await ask('ana', { purpose: 'close' })).toBe(201);
});
