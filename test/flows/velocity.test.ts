// Velocity: what a daemon does at Velocity alone, or at both venues at once; street, paying and
// exactly-once run at each. On the compiled program where its file is present, else on the
// stand-in.
import { Keypair } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import type { VenueDriver } from '../../src/local/driver.ts';
import { addresses } from '../../src/local/velocity/genesis.ts';
import { userOf } from '../../src/local/velocity/instructions.ts';
import { ofProgram, ofVenue } from '../../src/probes/venue.ts';
import { losePayments, reopenDebts } from '../support/damage.ts';
import { LONG } from '../support/long.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

const USDT = 'Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB';
const people = ({ world }: Street): VenueDriver => {
  if (world.velocity === null) throw new Error('this world has no Velocity');
  return world.velocity;
};

describe('on Velocity alone', () => {
  const only = { venues: ['velocity'] as const };

  test.runIf(LONG)(
    'a daemon that is started again in between pays what was owed once',
    async () => {
      await using street = await openStreet(only);
      const driver = people(street);
      const creator = Keypair.generate().publicKey;
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
      await street.subscribe('ana', trader, creator);
      profitableClose(driver, trader);
      await street.restart();
      profitableClose(driver, trader);
      await street.share('ana', (each) => each.status === 'paid');
      await street.restart();
      await expect
        .poll(
          async () => (await street.shares('ana')).filter((each) => each.status === 'paid').length,
        )
        .toBe(2);
      const owed = (await street.shares('ana')).reduce(
        (sum, each) => sum + BigInt(each.amount),
        0n,
      );
      expect(driver.quoteOf(creator)).toBe(owed);
      // The ledger forgets every payment; what the chain shows is booked again, and paid no more.
      await street.stop();
      await losePayments(street.database);
      await reopenDebts(street.database);
      await street.restart();
      await expect
        .poll(async () => (await street.shares('ana')).every((each) => each.status === 'paid'))
        .toBe(true);
      expect(driver.quoteOf(creator)).toBe(owed);
    },
  );
});

test('a withdrawal that is refused for stale interest is built again with the interest booked first', async () => {
  await using street = await openStreet({ venues: ['velocity'], comingVelocity: true });
  const { people: driver, world } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  const edit = (address: string, write: (data: Buffer) => unknown): void => {
    const account = world.cluster.bank.get(address);
    if (account === null) throw new Error(`${address} is not there`);
    const data = Buffer.from(account.data);
    write(data);
    world.cluster.put(address, { ...account, data: new Uint8Array(data) });
  };
  await street.subscribe('ana', trader, creator);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  // A tenth of a SOL is borrowed, and the interest of that market was booked hours ago.
  edit(userOf(trader).toBase58(), (data) => {
    data.writeBigUInt64LE(100_000_000n, 144);
    data.writeUInt16LE(1, 176);
    data.writeUInt8(1, 178);
  });
  edit(addresses.spotMarket(1), (data) => {
    data.writeBigUInt64LE(100_000_000n, 312);
    data.writeBigInt64LE(data.readBigInt64LE(584) - 7_200n, 584);
  });
  street.sendSol(trader.agent.publicKey, 50_000_000n);
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.quoteOf(creator)).toBe(BigInt(share.amount));
  const logs = world.cluster.find(share.paidBy[0] ?? '')?.execution.logs.join('\n') ?? '';
  const [booked, withdrawn] = ['UpdateSpotMarketCumulativeInterest', 'Withdraw'].map((name) =>
    logs.indexOf(`Program log: Instruction: ${name}`),
  );
  expect(booked).toBeGreaterThan(0);
  expect(withdrawn).toBeGreaterThan(booked ?? Infinity);
});

describe('on both venues', () => {
  const both = { venues: ['drift-v2', 'velocity'] as const };
  const USDC = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';

  test('each venue pays in its own token; running away from one bars on both', async () => {
    const sponsor = Keypair.generate();
    await using street = await openStreet({ ...both, sponsor });
    const velocity = people(street);
    const { driver: drift } = street;
    const creator = Keypair.generate().publicKey;
    const atDrift = drift.createTrader({ deposit: 1_000_000_000n });
    const { agent } = atDrift;
    const atVelocity = velocity.createTrader({ deposit: 1_000_000_000n, agent });
    await street.subscribe('ana', atDrift, creator);
    await street.subscribe('ana', atVelocity, creator, 1_000, {}, 'velocity');
    const first = profitableClose(drift, atDrift);
    const second = profitableClose(velocity, atVelocity);
    const shareOf = (signature: string) =>
      street.share(
        'ana',
        (each) => each.close.signature === signature && each.reason?.code === 'sponsor_needs_sol',
      );
    const usdc = await shareOf(first);
    const usdt = await shareOf(second);
    expect([usdc, usdt]).toMatchObject([{ mint: USDC }, { mint: USDT }]);
    velocity.withdrawTo(atVelocity, Keypair.generate().publicKey, 300_000_000n);
    const barred = await street.verdict('ana', 'deny');
    expect(barred.reason).toMatch(
      /^Withdrew 300\.000000 USDT .* while owing .* USDC and .* USDT of profit share/,
    );
    expect(barred).toMatchObject({
      outstanding: (BigInt(usdc.amount) + BigInt(usdt.amount)).toString(),
      owed: [
        { symbol: 'USDC', amount: usdc.amount },
        { symbol: 'USDT', amount: usdt.amount },
      ],
    });
    street.sendSol(sponsor.publicKey, 1_000_000_000n);
    const paid = (id: string) =>
      street.share('ana', (each) => each.id === id && each.status === 'paid');
    const [inUsdc, inUsdt] = [await paid(usdc.id), await paid(usdt.id)];
    expect(inUsdc.paidBy).not.toEqual(inUsdt.paidBy);
    expect(drift.quoteOf(creator)).toBe(BigInt(usdc.amount));
    expect(velocity.quoteOf(creator)).toBe(BigInt(usdt.amount));
    expect(await street.verdict('ana', 'allow')).toMatchObject({ outstanding: '0', owed: [] });

    const get = async (route: string) => (await fetch(street.app().url + route)).json();
    expect(await get(`/v1/creators/${creator.toBase58()}/earnings`)).toMatchObject({
      symbol: 'USDC',
      paid: usdc.amount,
      tokens: [
        { symbol: 'USDC', paid: usdc.amount, owed: '0' },
        { symbol: 'USDT', paid: usdt.amount, owed: '0' },
      ],
    });
    // A request that names no venue means Drift v2.
    expect(await get('/v1/subscribers/ana')).toMatchObject({
      driftAccounts: [{ venue: 'drift-v2' }, { venue: 'velocity' }],
    });
    const asked = { purpose: 'withdraw', amount: '1000000' };
    const clearances = '/v1/subscribers/ana/clearances';
    expect(await street.post(clearances, asked)).toMatchObject({
      status: 201,
      body: { symbol: 'USDC', amount: '1000000' },
    });
    expect(await street.post(clearances, { ...asked, venue: 'velocity' })).toMatchObject({
      status: 201,
      body: { symbol: 'USDT', amount: '1000000' },
    });
  });
});

test.runIf(LONG)('the doctor looks at each venue', async () => {
  await using street = await openStreet({ venues: ['drift-v2', 'velocity'] });
  const { rpcUrl } = street.world.chain;
  const builds = { 'drift-v2': /build of 20|stand-in/, velocity: /build of 2026-07|stand-in/ };
  for (const [venue, mint] of [
    ['drift-v2', street.driver.quote.mint.toBase58()],
    ['velocity', USDT],
  ] as const) {
    expect(await ofVenue(rpcUrl, venue)).toMatchObject([
      { what: 'mint', state: 'ok', says: `${mint}, 6 decimals` },
      { what: 'venue', state: 'ok', says: `${venue} is there and open` },
    ]);
    expect(await ofProgram(rpcUrl, [], 'halt', venue)).toMatchObject([
      { what: 'program', state: 'ok', says: expect.stringMatching(builds[venue]) },
    ]);
  }
});

test('a ledger that watches accounts of a venue that is not served is refused, by name', async () => {
  await using street = await openStreet();
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await street.stop();
  street.settings.venues.splice(0, 1, 'velocity');
  await expect(street.restart()).rejects.toThrow(
    'BAILIFF_VENUES: names velocity, and this ledger watches 1 accounts of drift-v2.',
  );
});
