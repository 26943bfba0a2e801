// Paying: everything beyond the plain case: parts, other sub-accounts, health, fee payers, terms
// that lapse, halts. The schedule is switched off, so every step here follows from an event. Each
// case plays at one venue, and npm run test:long plays all of them at every venue. Cases of one
// venue that need no settings of their own share a street, each with a subscriber of its own.

import { Keypair } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { base58Text, type Signature } from '../../src/core/ids.ts';
import type { TopUpRule } from '../../src/core/outflow.ts';
import { quotesOf, USDC } from '../../src/core/token.ts';
import { VENUE_NAMES, type VenueName } from '../../src/core/venue-name.ts';
import { createHalts } from '../../src/ledger/halts.ts';
import { transferQuote } from '../../src/local/driver.ts';
import { topUpRuleOf } from '../../src/settings-rules.ts';
import { dialectOf } from '../../src/venue/venues.ts';
import { classifyOutflows } from '../support/classes.ts';
import { loseAgentKeys } from '../support/damage.ts';
import { ageDebts } from '../support/guards.ts';
import { factsOf } from '../support/heard-rows.ts';
import { LONG, playedAt } from '../support/long.ts';
import { debtsIn, paymentSharesIn, paymentsIn } from '../support/rows.ts';
import { shareStreets } from '../support/shared-street.ts';
import {
  depositAt,
  moveDeposit,
  openStreet,
  openSubAccount,
  profitableClose,
  type Street,
  settleAt,
  unscheduled,
} from '../support/street.ts';
import { setExchangeStatus } from '../support/venue-status.ts';

const SOL = 1_000_000_000n;
const creatorWallet = () => Keypair.generate().publicKey;
/** A street of each venue whose schedule is switched off, for the cases that share it. */
const sharedAt = shareStreets((venue: VenueName) => ({
  settings: unscheduled(),
  venues: [venue],
}));
const paymentsOf = async ({ database }: Street, id: string) =>
  (await paymentsIn(database)).filter(({ subscriberId }) => subscriberId === id);
const registerKey = (street: Street, id: string, agent: Keypair, subAccountIds = [0]) =>
  street.post('/v1/subscribers', {
    id,
    agentWallet: agent.publicKey.toBase58(),
    agentSecretKey: base58Text(agent.secretKey),
    subAccountIds,
  });

describe('when not everything can be reached', () => {
  test.each(playedAt('velocity'))(
    'at %s a part is paid and the rest is paid when money arrives, without waiting for the schedule',
    async (venue) => {
      const street = await sharedAt(venue);
      const { people: driver } = street;
      const creator = creatorWallet();
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
      await street.subscribe('ana', trader, creator, 5_000);
      await loseAgentKeys(street.database);
      profitableClose(driver, trader);
      const waiting = await street.share('ana', (each) => each.reason?.code === 'no_agent_key');
      const owed = BigInt(waiting.amount);
      settleAt(street.people, trader);
      driver.withdrawTo(trader, creatorWallet(), driver.depositOf(trader) - 4_000_000n);
      await street.standing('ana', 'delinquent');
      await registerKey(street, 'ana', trader.agent);
      const part = await street.share('ana', (each) => each.paid !== '0');
      expect(part.status).toBe('pending');
      expect(BigInt(part.paid)).toBeLessThan(owed);
      expect(driver.quoteOf(creator)).toBe(BigInt(part.paid));
      await street.verdict('ana', 'deny');
      driver.giveQuote(trader.agent.publicKey, owed);
      const whole = await street.share('ana', (each) => each.status === 'paid');
      expect(whole.paidBy).toHaveLength(2);
      expect(driver.quoteOf(creator)).toBe(owed);
      await street.standing('ana', 'good');
    },
  );

  test.each(playedAt('velocity'))(
    'collateral at %s that moved to another own sub-account still pays',
    async (venue) => {
      const street = await sharedAt(venue);
      const { people: driver } = street;
      const creator = creatorWallet();
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
      const { agent } = trader;
      await street.subscribe('bo', trader, creator);
      await loseAgentKeys(street.database);
      profitableClose(driver, trader);
      const { amount } = await street.share('bo', (each) => each.reason?.code === 'no_agent_key');
      settleAt(driver, trader);
      openSubAccount(driver, trader, 1);
      moveDeposit(driver, trader, 1, 1_000_000_000n);
      driver.withdrawTo(trader, agent.publicKey, 100_000_000n);
      transferQuote(driver, agent, creatorWallet(), driver.quoteOf(agent.publicKey) ?? 0n);
      await registerKey(street, 'bo', agent, [0, 1]);
      await street.share('bo', (each) => each.status === 'paid');
      expect(driver.quoteOf(creator)).toBe(BigInt(amount));
      expect(await paymentsOf(street, 'bo')).toMatchObject([{ subAccountId: 1 }]);
    },
  );

  test.each(playedAt('velocity'))(
    '%s decides by simulation: nothing leaves that the margin floor needs',
    async (venue) => {
      const settings = unscheduled({ marginFloorBps: 9_000 });
      await using street = await openStreet({ settings, venues: [venue] });
      const { people: driver } = street;
      const creator = creatorWallet();
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
      await street.subscribe('ana', trader, creator);
      driver.movePrice(0, 150_000_000n);
      driver.trade(trader, 'long', 20_000_000_000n);
      driver.movePrice(0, 165_000_000n);
      driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
      // The position that is still open has no profit that settling could turn into collateral.
      driver.movePrice(0, 150_000_000n);
      const share = await street.share('ana', (each) => each.reason?.code === 'margin_floor');
      expect(share).toMatchObject({ status: 'pending', paid: '0' });
      expect(await paymentsIn(street.database)).toEqual([]);
      driver.trade(trader, 'short', 18_000_000_000n, { reduceOnly: true });
      await expect
        .poll(async () => (await street.shares('ana')).every((each) => each.status === 'paid'))
        .toBe(true);
    },
  );
});

describe('who pays fees', () => {
  test.each(playedAt('drift-v2'))(
    'a debt at %s that waits for SOL names the lamports, and is paid as soon as they arrive',
    async (venue) => {
      const street = await sharedAt(venue);
      const { people: driver } = street;
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000n });
      await street.subscribe('cy', trader, creatorWallet());
      profitableClose(driver, trader);
      const waiting = await street.share('cy', (each) => each.reason?.code === 'agent_needs_sol');
      const lamports = BigInt(waiting.reason?.lamports ?? '0');
      expect(lamports).toBeGreaterThan(2_000_000n);
      street.sendSol(trader.agent.publicKey, lamports);
      await street.share('cy', (each) => each.status === 'paid');
    },
  );

  test.each(playedAt('velocity'))(
    'an agent with too little SOL for its reserve buys some with its own quote tokens of %s, and then pays',
    async (venue) => {
      await using street = await openStreet({
        venues: [venue],
        settings: (given, world) => ({
          ...unscheduled()(given),
          swap: { ...given.swap, url: world.swap.url },
        }),
      });
      const { people: driver, database } = street;
      const creator = creatorWallet();
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 4_000_000n });
      driver.giveQuote(trader.agent.publicKey, 3_000_000n);
      await street.subscribe('ana', trader, creator);
      profitableClose(driver, trader);
      const share = await street.share('ana', (each) => each.status === 'paid');
      expect(driver.quoteOf(creator)).toBe(BigInt(share.amount));
      const payments = await paymentsIn(database);
      expect(payments.map(({ purpose, state, amount }) => [purpose, state, amount])).toEqual([
        ['top_up', 'landed', 2_000_000n],
        ['share', 'landed', BigInt(share.amount)],
      ]);
      // 2 quote tokens at 150 buy 13,333,333 lamports; both fees and the creator's rent are
      // paid.
      expect(driver.lamportsOf(trader.agent.publicKey)).toBe(
        4_000_000n + 13_333_333n - 2n * 5_000n - 2_039_280n,
      );
      await expect.poll(async () => (await street.gate('ana')).outstanding).toBe('0');
      // A ledger that lacks the swap, such as an older copy: the swap must not count as an outflow
      // of a subscriber who owes.
      const topUp = payments.find(({ purpose }) => purpose === 'top_up');
      const swap = (await factsOf(database, 'outflow')).find(
        ({ signature }) => signature === topUp?.signature,
      );
      if (swap === undefined) throw new Error('the swap was not heard');
      const signature = 'lost' as Signature;
      const lost = { key: 'swap', signature, slot: 1, ours: false, body: swap.body };
      const quotes = quotesOf([{ ...USDC, mint: dialectOf(venue).profile.quote.mint }]);
      const known = { creators: new Set<string>(), appointed: new Set<string>() };
      const classOf = (topUp: TopUpRule | null) =>
        classifyOutflows([lost], [], quotes, { ...known, topUp });
      expect(classOf(topUpRuleOf(street.settings)).get('swap')).toBe('ours');
      expect(classOf(null).get('swap')).toBe('outflow');
    },
  );

  test.each(
    (
      [
        ['USDT', 'velocity', 1_600n],
        ['USDC', 'drift-v2', 1_500n],
      ] as const
    ).slice(0, LONG ? 2 : 1),
  )('the sponsor is given its fee back in %s in the same transaction', async (_, venue, back) => {
    const sponsor = Keypair.generate();
    await using street = await openStreet({
      sponsor,
      venues: [venue],
      settings: unscheduled({
        reimbursePerSol: '150000000',
        reimbursePerSolOf: { USDT: '160000000' },
        reimburseMost: '1000000',
      }),
    });
    const { people: driver } = street;
    driver.giveSol(sponsor.publicKey, SOL);
    driver.giveQuote(sponsor.publicKey, 1n);
    const creator = creatorWallet();
    driver.giveQuote(creator, 1n);
    const trader = driver.createTrader({ deposit: 1_000_000_000n });
    await street.subscribe('ana', trader, creator);
    profitableClose(driver, trader);
    const share = await street.share('ana', (each) => each.status === 'paid');
    expect(driver.quoteOf(creator)).toBe(BigInt(share.amount) + 1n);
    // Two signatures of 5,000 lamports, at 150 USDC or 160 USDT a SOL.
    expect(driver.quoteOf(sponsor.publicKey)).toBe(back + 1n);
    expect(driver.lamportsOf(sponsor.publicKey)).toBe(SOL - 10_000n);
    await expect.poll(async () => (await street.gate('ana')).standing).toBe('good');
  });
});

test.each(playedAt('velocity'))(
  'at %s two creators are paid in the order of their oldest debts, each with everything that is due to them',
  async (venue) => {
    const street = await sharedAt(venue);
    const { people: driver, database } = street;
    const [older, younger] = [creatorWallet(), creatorWallet()];
    const first = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
    const { agent } = first;
    const second = openSubAccount(driver, first, 1);
    driver.giveQuote(agent.publicKey, 1_000_000_000n);
    depositAt(driver, second, 1_000_000_000n);
    await registerKey(street, 'dan', agent, [0, 1]);
    for (const [subAccountId, creator] of [older, younger].entries())
      await street.post('/v1/subscribers/dan/subscriptions', {
        id: `dan-sub-${subAccountId}`,
        subAccountId,
        creatorWallet: creator.toBase58(),
        shareBps: 1_000,
      });
    await loseAgentKeys(database);
    for (const trader of [first, second, first]) profitableClose(driver, trader);
    const keyless = async () =>
      (await street.shares('dan')).filter(({ reason }) => reason?.code === 'no_agent_key').length;
    await expect.poll(keyless).toBe(3);
    await registerKey(street, 'dan', agent, [0, 1]);
    await expect
      .poll(async () => (await street.shares('dan')).every((each) => each.status === 'paid'))
      .toBe(true);
    const covered = await paymentSharesIn(database);
    const payments = (await paymentsOf(street, 'dan')).map(({ paymentId, creatorWallet }) => [
      creatorWallet,
      covered.filter((each) => each.paymentId === paymentId).length,
    ]);
    expect(payments).toEqual([
      [older?.toBase58(), 2],
      [younger?.toBase58(), 1],
    ]);
  },
);

describe('what keeps a debt', () => {
  test.runIf(LONG).each(VENUE_NAMES)(
    'a halt keeps anything new from being signed at %s, and lifting it lets the debt be paid',
    async (venue) => {
      await using street = await openStreet({ venues: [venue] });
      const { people: driver, database } = street;
      const creator = creatorWallet();
      const halts = createHalts(database.sql);
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
      await street.subscribe('ana', trader, creator);
      expect(await halts.set(`creator:${creator.toBase58()}`, 'looked into')).toBe(true);
      // A scope that names nothing halts nothing, and says so.
      expect(await halts.set('subscriber:anna', 'a typo')).toBe(false);
      profitableClose(driver, trader);
      const share = await street.share('ana', (each) => each.status === 'pending');
      expect(await halts.list()).toMatchObject([{ reason: 'looked into' }]);
      expect(await paymentsIn(database)).toEqual([]);
      expect(await halts.lift(`creator:${creator.toBase58()}`)).toBe(true);
      await street.share('ana', (each) => each.id === share.id && each.status === 'paid');
    },
  );

  test.runIf(LONG).each(VENUE_NAMES)(
    'a debt at %s lapses by its own terms alone, on record, and the gate knows',
    async (venue) => {
      await using street = await openStreet({ venues: [venue] });
      const { people: driver, database } = street;
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
      await street.subscribe('ana', trader, creatorWallet(), 1_000, { expiresAfterMs: 86_400_000 });
      profitableClose(driver, trader);
      const share = await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
      await expect.poll(async () => (await street.gate('ana')).outstanding).toBe(share.amount);
      await ageDebts(database.sql, 25);
      await street.share('ana', (each) => each.status === 'voided');
      const [debt] = await debtsIn(database);
      expect(debt?.voided).toMatchObject({ by: 'terms', reason: 'lapsed' });
      await expect.poll(async () => (await street.gate('ana')).outstanding).toBe('0');
    },
  );

  test.each(playedAt('velocity'))(
    '%s opens again, which is noticed, and who waited for it is paid',
    async (venue) => {
      const street = await sharedAt(venue);
      const { people: driver, world } = street;
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
      await street.subscribe('eve', trader, creatorWallet());
      setExchangeStatus(world.cluster, venue, 2);
      profitableClose(driver, trader);
      const kept = await street.share('eve', ({ reason }) => reason?.code === 'withdrawals_paused');
      expect(kept).toMatchObject({ status: 'pending', attempts: 0 });
      setExchangeStatus(world.cluster, venue, 0);
      await street.share('eve', (each) => each.status === 'paid');
    },
  );
});
