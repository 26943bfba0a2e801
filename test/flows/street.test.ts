// Street: from a close on chain to a paid creator, and from a withdrawal to a closed gate, on real
// parts throughout. Tests that need the same settings share a street, each with people of its own.
// npm test plays each group at one venue, npm run test:long at both.

import { createRequire } from 'node:module';
import { createCloseAccountInstruction, getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transferQuote } from '../../src/local/driver.ts';
import { failDebt, mistakeStanding } from '../support/damage.ts';
import { factsOf, sightingsIn } from '../support/heard-rows.ts';
import { playedAt } from '../support/long.ts';
import {
  openStreet,
  profitableClose,
  type Street,
  type StreetOptions,
  unscheduled,
} from '../support/street.ts';

const creatorWallet = () => Keypair.generate().publicKey;
/** A street for all tests of a group: it opens before the first one and closes after the last. */
function shared(options: StreetOptions): () => Street {
  let street: Street;
  beforeAll(async () => {
    street = await openStreet(options);
  });
  afterAll(() => street[Symbol.asyncDispose]());
  return () => street;
}

describe('at Drift', () => {
  const streetOf = shared({});

  test('what a payment is built with is loaded before the API listens', () => {
    expect(streetOf().app().url).toContain('http');
    const { cache } = createRequire(import.meta.url);
    expect(Object.keys(cache).some((each) => each.includes('@coral-xyz/anchor'))).toBe(true);
  });

  test('tokens in the agent wallet are used first, and Drift only for what is missing', async () => {
    const street = streetOf();
    const { driver } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    driver.giveUsdc(trader.agent.publicKey, 1_000_000n);
    await street.subscribe('ana', trader, creator);
    const before = driver.userOf(trader).totalWithdraws as bigint;
    profitableClose(driver, trader);
    const share = await street.share('ana', (each) => each.status === 'paid');
    expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
    expect((driver.userOf(trader).totalWithdraws as bigint) - before).toBe(
      BigInt(share.amount) - 1_000_000n,
    );
  });
});

test.each(playedAt('velocity'))(
  'at %s losing closes owe nothing; several debts are paid together',
  async (venue) => {
    // By a schedule the daemon could try one of the two debts without the other.
    await using street = await openStreet({
      venues: [venue],
      settings: unscheduled({ agentReserveLamports: '900000000' }),
    });
    const { people: driver } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('ana', trader, creator);
    driver.trade(trader, 'long', 1_000_000_000n);
    driver.movePrice(0, 149_000_000n);
    driver.trade(trader, 'short', 1_000_000_000n, { reduceOnly: true });
    profitableClose(driver, trader);
    profitableClose(driver, trader);
    await expect
      .poll(
        async () =>
          (await street.shares('ana')).filter((each) => each.reason?.code === 'agent_needs_sol')
            .length,
      )
      .toBe(2);
    street.sendSol(trader.agent.publicKey, 2_000_000_000n);
    await expect
      .poll(async () => (await street.shares('ana')).every((each) => each.status === 'paid'))
      .toBe(true);
    const shares = await street.shares('ana');
    expect(shares).toHaveLength(2);
    expect(new Set(shares.flatMap((each) => each.paidBy)).size).toBe(1);
    expect(driver.quoteOf(creator)).toBe(
      shares.reduce((sum, each) => sum + BigInt(each.amount), 0n),
    );
  },
);

describe.each(playedAt('drift-v2'))('at %s without a sponsor', (venue) => {
  const streetOf = shared({ venues: [venue] });

  test('a close is paid to the unit, and the rest stays at the venue', async () => {
    const street = streetOf();
    const { people: driver } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('ana', trader, creator);
    const signature = profitableClose(driver, trader);
    const share = await street.share('ana', (each) => each.status === 'paid');
    expect(share.close.signature).toBe(signature);
    expect(BigInt(share.amount)).toBe(BigInt(share.close.netPnl) / 10n);
    const { mint, symbol } = driver.quote;
    expect(share).toMatchObject({ mint: mint.toBase58(), symbol });
    expect(driver.quoteOf(creator)).toBe(BigInt(share.amount));
    expect(driver.quoteOf(trader.agent.publicKey)).toBe(0n);
    const payment = street.world.cluster.find(share.paidBy[0] ?? '');
    expect(
      payment?.execution.message.instructions.some((each) =>
        Buffer.from(each.data).toString().startsWith('bailiff:'),
      ),
    ).toBe(true);
    expect(payment?.bytes.length).toBeLessThanOrEqual(1232);
    await expect.poll(async () => (await street.gate('ana')).outstanding).toBe('0');
  });

  test('without a key the debt waits, without using up attempts, until the key is registered', async () => {
    const street = streetOf();
    const { people: driver } = street;
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    const agentWallet = trader.agent.publicKey.toBase58();
    await street.post('/v1/subscribers', { id: 'bo', agentWallet, subAccountIds: [0] });
    await street.post('/v1/subscribers/bo/subscriptions', {
      id: 'bo-sub',
      subAccountId: 0,
      creatorWallet: creatorWallet().toBase58(),
      shareBps: 500,
    });
    profitableClose(driver, trader);
    const waiting = await street.share('bo', (each) => each.reason?.code === 'no_agent_key');
    expect(waiting).toMatchObject({ status: 'pending', attempts: 0 });
    await street.post('/v1/subscribers', {
      id: 'bo',
      agentWallet,
      agentSecretKey: JSON.stringify([...trader.agent.secretKey]),
      subAccountIds: [0],
    });
    await street.share('bo', (each) => each.status === 'paid');
  });

  test('a debt that needs a person stays, until somebody asks for it to be tried again', async () => {
    const street = streetOf();
    const { people: driver, database } = street;
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
    await street.subscribe('cy', trader, creatorWallet());
    profitableClose(driver, trader);
    const waiting = await street.share('cy', (each) => each.reason?.code === 'agent_needs_sol');
    await failDebt(database, waiting.id);
    driver.giveSol(trader.agent.publicKey, 50_000_000n);
    expect((await street.post('/v1/shares/none/retry', {})).status).toBe(404);
    expect((await street.post(`/v1/shares/${waiting.id}/retry`, {})).status).toBe(200);
    await street.share('cy', (each) => each.status === 'paid');
    expect((await street.post(`/v1/shares/${waiting.id}/retry`, {})).status).toBe(409);
  });

  test('transactions from a time without a daemon are heard when it is back', async () => {
    const street = streetOf();
    const { people: driver } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('dee', trader, creator);
    await street.stop();
    profitableClose(driver, trader);
    await street.restart();
    const share = await street.share('dee', (each) => each.status === 'paid');
    expect(driver.quoteOf(creator)).toBe(BigInt(share.amount));
  });

  test('duplicated, reordered and late deliveries change nothing', async () => {
    const street = streetOf();
    Object.assign(street.world.helius.mischief, { duplicate: true, reverse: true, delayMs: 150 });
    const { people: driver } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('eve', trader, creator);
    for (let n = 0; n < 3; n++) profitableClose(driver, trader);
    await expect
      .poll(
        async () => (await street.shares('eve')).filter((each) => each.status === 'paid').length,
      )
      .toBe(3);
    const owed = (await street.shares('eve')).reduce((sum, each) => sum + BigInt(each.amount), 0n);
    expect(driver.quoteOf(creator)).toBe(owed);
  });
});

// The sponsor has no SOL until the second test gives it some.
describe.each(playedAt('velocity'))('at %s with a sponsor', (venue) => {
  const sponsor = Keypair.generate();
  const streetOf = shared({ venues: [venue], sponsor });

  test('a withdrawal to the own agent wallet makes no runaway; a transfer from there does', async () => {
    const street = streetOf();
    const { people: driver } = street;
    const ana = driver.createTrader({ deposit: 1_000_000_000n });
    await street.subscribe('ana', ana, creatorWallet());
    profitableClose(driver, ana);
    await street.share('ana', (each) => each.reason?.code === 'sponsor_needs_sol');
    const moved = driver.withdrawTo(ana, ana.agent.publicKey, 100_000_000n);
    await expect
      .poll(async () =>
        (await factsOf(street.database, 'outflow'))
          .filter(({ signature }) => signature === moved.signature)
          .map(({ body }) => body.internal),
      )
      .toEqual([true]);
    await street.standing('ana', 'good');
    const fled = transferQuote(driver, ana.agent, Keypair.generate().publicKey, 60_000_000n);
    expect((await street.standing('ana', 'delinquent')).evidence?.signature).toBe(fled.signature);
  });

  test('barred while owing, let in again once paid; a withdrawal in good standing is nobody’s business', async () => {
    const street = streetOf();
    const { people: driver } = street;
    const [cy, bo] = [
      driver.createTrader({ deposit: 1_000_000_000n }),
      driver.createTrader({ deposit: 1_000_000_000n }),
    ];
    await street.subscribe('cy', cy, creatorWallet());
    await street.subscribe('bo', bo, creatorWallet());
    const honest = driver.withdrawTo(bo, Keypair.generate().publicKey, 10_000_000n);
    profitableClose(driver, cy);
    await street.share('cy', (each) => each.reason?.code === 'sponsor_needs_sol');
    const fled = driver.withdrawTo(cy, Keypair.generate().publicKey, 400_000_000n);
    const barred = await street.standing('cy', 'delinquent');
    expect(barred).toMatchObject({
      verdict: 'deny',
      allow: false,
      evidence: { signature: fled.signature },
    });
    expect(barred.reason).toContain(`400.000000 ${driver.quote.symbol}`);
    await expect.poll(async () => (await street.gate('cy', 'close')).allow).toBe(true);
    await street.verdict(cy.agent.publicKey.toBase58(), 'deny');
    await expect
      .poll(async () =>
        (await factsOf(street.database, 'outflow'))
          .filter(({ signature }) => signature === honest.signature)
          .map(({ finality }) => finality),
      )
      .toEqual(['finalized']);
    await street.verdict('bo', 'allow');
    driver.giveSol(sponsor.publicKey, 1_000_000_000n);
    await street.share('cy', (each) => each.status === 'paid');
    expect(await street.verdict('cy', 'allow')).toMatchObject({ standing: 'good' });
  });

  test("an agent with 0 SOL is paid for by the sponsor, the creator's closed account is created again", async () => {
    const street = streetOf();
    const { people: driver } = street;
    driver.giveSol(sponsor.publicKey, 1_000_000_000n);
    const creator = Keypair.generate();
    const trader = driver.createTrader({ deposit: 1_000_000_000n });
    await street.subscribe('dee', trader, creator.publicKey);
    profitableClose(driver, trader);
    const first = await street.share('dee', (each) => each.status === 'paid');
    expect(driver.lamportsOf(trader.agent.publicKey)).toBe(0n);
    expect(driver.quoteOf(creator.publicKey)).toBe(BigInt(first.amount));
    transferQuote(driver, creator, driver.faucet.publicKey, BigInt(first.amount));
    driver.send(
      [
        createCloseAccountInstruction(
          getAssociatedTokenAddressSync(driver.quote.mint, creator.publicKey),
          creator.publicKey,
          creator.publicKey,
        ),
      ],
      [driver.faucet, creator],
    );
    const again = profitableClose(driver, trader);
    const second = await street.share(
      'dee',
      (each) => each.status === 'paid' && each.close.signature === again,
    );
    expect(driver.quoteOf(creator.publicKey)).toBe(BigInt(second.amount));
  });
});

describe.each(playedAt('drift-v2'))('at %s without webhooks', (venue) => {
  const streetOf = shared({ venues: [venue], webhooks: false });

  test('the backfill hears everything', async () => {
    const street = streetOf();
    const { people: driver } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('cy', trader, creator);
    profitableClose(driver, trader);
    const share = await street.share('cy', (each) => each.status === 'paid');
    expect(driver.quoteOf(creator)).toBe(BigInt(share.amount));
  });

  test('a verdict that a crash left behind the books is judged again at the next start', async () => {
    const street = streetOf();
    const { people: driver, database } = street;
    const [ana, bo] = [
      driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n }),
      driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n }),
    ];
    await street.subscribe('ana', ana, creatorWallet());
    await street.subscribe('bo', bo, creatorWallet());
    profitableClose(driver, ana);
    profitableClose(driver, bo);
    await street.share('ana', (each) => each.status === 'paid');
    await street.share('bo', (each) => each.reason?.code === 'agent_needs_sol');
    driver.withdrawTo(bo, Keypair.generate().publicKey, 5_000_000n);
    await street.standing('bo', 'delinquent');
    // Once all is final, nothing that is heard again would mend the verdicts by the way.
    const unread = async () =>
      (await sightingsIn(database)).filter(
        ({ status }) => status === 'wanted' || status === 'confirmed',
      );
    await expect.poll(unread).toEqual([]);
    await street.stop();
    await mistakeStanding(database, 'ana', 7n);
    await mistakeStanding(database, 'bo', 0n);
    await street.restart();
    await street.standing('bo', 'delinquent');
    await expect.poll(async () => (await street.gate('ana')).outstanding).toBe('0');
  });
});
