// Terms: a close owes what was agreed when its position was opened: how much, to whom and how, on
// the whole daemon. npm test plays this at Drift, npm run test:long at each venue: nothing that
// terms decide depends on the venue. The case whose openings are final only after 150 blocks is
// played by npm run test:long alone: the first case has a position that was opened before anything
// was agreed.
import { Keypair, type PublicKey } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { DEFAULT_VENUE } from '../../src/core/venue-name.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import type { VenueDriver } from '../../src/local/driver.ts';
import { LONG, playedAt } from '../support/long.ts';
import { accrualsIn, termsIn } from '../support/rows.ts';
import { shareStreets } from '../support/shared-street.ts';
import { aSlotLater, openStreet, profitableClose, type Street } from '../support/street.ts';

const creatorWallet = () => Keypair.generate().publicKey;
const SOL = 1_000_000_000n;
type Trader = ReturnType<VenueDriver['createTrader']>;

async function agree(
  street: Street,
  id: string,
  creator: PublicKey,
  shareBps: number,
  more: Record<string, unknown> = {},
): Promise<void> {
  const answer = await street.post(`/v1/subscribers/${id}/subscriptions`, {
    id: `${id}-sub`,
    subAccountId: 0,
    creatorWallet: creator.toBase58(),
    shareBps,
    ...more,
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
}
const close = (driver: VenueDriver, trader: Trader, base: bigint, price: bigint): string => {
  driver.movePrice(0, price);
  return driver.trade(trader, 'short', base, { reduceOnly: true }).signature;
};

describe.each(playedAt(DEFAULT_VENUE))('at %s', (venue) => {
  /** The street of those that need no other one. */
  const shared = shareStreets(() => ({ venues: [venue] }));

  test('a close owes by the terms of its opening: before any nothing, after a change the old, after the end still', async () => {
    const street = await shared();
    const { people: driver } = street;
    const [before, later] = [creatorWallet(), creatorWallet()];
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
    driver.movePrice(0, 150_000_000n);
    driver.trade(trader, 'long', 1_000_000_000n);
    aSlotLater(street);
    // The position that is open now was opened before anything was agreed, and is not final yet.
    await street.subscribe('ana', trader, before, 1_000);
    aSlotLater(street);
    driver.trade(trader, 'long', 1_000_000_000n);
    aSlotLater(street);
    await agree(street, 'ana', later, 2_000, { newCreator: true });
    aSlotLater(street);
    driver.trade(trader, 'long', 1_000_000_000n);
    aSlotLater(street);
    const ended = await fetch(`${street.app().url}/v1/subscribers/ana/subscriptions/ana-sub`, {
      method: 'DELETE',
    });
    expect(await ended.json()).toMatchObject({
      terms: [
        { shareBps: 1_000, ended: false },
        { shareBps: 2_000, ended: false },
        { shareBps: 2_000, ended: true },
      ],
    });
    aSlotLater(street);
    driver.trade(trader, 'long', 1_000_000_000n);
    const signature = close(driver, trader, 4_000_000_000n, 180_000_000n);
    await expect
      .poll(async () => (await street.shares('ana')).map((each) => each.status))
      .toEqual(['paid', 'paid']);
    const parts = (await accrualsIn(street.database)).filter(
      (each) => each.signature === signature,
    );
    expect(parts.map(({ base }) => base)).toEqual([2_000_000_000n, 1_000_000_000n, 1_000_000_000n]);
    const agreed = (await termsIn(street.database)).filter(
      ({ subscriptionId }) => subscriptionId === 'ana-sub',
    );
    const creatorOf = (part: (typeof parts)[number] | undefined) =>
      agreed.find(({ fromSlot }) => fromSlot === part?.termsSlot)?.creatorWallet ?? null;
    const [none, first, second] = parts;
    expect([creatorOf(none), none?.amount]).toEqual([null, 0n]);
    expect([creatorOf(first), first?.amount]).toEqual([
      before.toBase58(),
      ((first?.netPnl ?? 0n) * 1_000n) / 10_000n,
    ]);
    expect([creatorOf(second), second?.amount]).toEqual([
      later.toBase58(),
      ((second?.netPnl ?? 0n) * 2_000n) / 10_000n,
    ]);
    expect(driver.quoteOf(before)).toBe(first?.amount);
    expect(driver.quoteOf(later)).toBe(second?.amount);
    const [share] = (await street.shares('ana')).filter(
      (each) => each.amount === String(second?.amount),
    );
    const told = await fetch(`${street.app().url}/v1/shares/${share?.id}/explanation`);
    const { steps } = (await told.json()) as { steps: { name: string; value: string }[] };
    expect(steps.find((each) => each.name === 'partPnl')?.value).toBe(String(second?.netPnl));
  });

  test('what is owed to a wallet that new terms name no longer is paid below its minimum, with the next shares of others', async () => {
    const street = await shared();
    const { people: driver } = street;
    const [old, fresh] = [creatorWallet(), creatorWallet()];
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
    await street.subscribe('rob', trader, old, 1_000, { minimumPayment: '5000000' });
    profitableClose(driver, trader);
    const first = await street.share('rob', ({ reason }) => reason?.code === 'below_minimum');
    await agree(street, 'rob', fresh, 1_000, { newCreator: true });
    aSlotLater(street);
    profitableClose(driver, trader);
    const paid = await street.share(
      'rob',
      ({ id, status }) => id === first.id && status === 'paid',
    );
    expect(driver.quoteOf(old)).toBe(BigInt(paid.amount));
    // The share of the new creator waits for its minimum as before.
    const second = await street.share('rob', ({ reason }) => reason?.code === 'below_minimum');
    expect(second.id).not.toBe(first.id);
    expect(driver.quoteOf(fresh) ?? 0n).toBe(0n);
  });

  test.runIf(LONG)(
    'a position opened before anything was agreed owes nothing, though its opening is not final yet',
    async () => {
      await using street = await openStreet({ finalizedAfter: 150, venues: [venue] });
      const { people: driver, world } = street;
      const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
      world.cluster.advance(150);
      driver.movePrice(0, 150_000_000n);
      driver.trade(trader, 'long', 1_000_000_000n);
      aSlotLater(street);
      await street.subscribe('ana', trader, creatorWallet(), 1_000);
      aSlotLater(street);
      close(driver, trader, 1_000_000_000n, 165_000_000n);
      aSlotLater(street);
      driver.trade(trader, 'long', 1_000_000_000n);
      const signature = close(driver, trader, 1_000_000_000n, 180_000_000n);
      await expect
        .poll(async () => (await street.shares('ana')).map((each) => each.close.signature))
        .toContain(signature);
      expect(await street.shares('ana')).toHaveLength(1);
    },
  );

  test('with a high-water mark losses are made good first, and small shares wait for each other until a withdrawal', async () => {
    const street = await shared();
    const { people: driver } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
    await street.subscribe('bo', trader, creator, 1_000, {
      basis: 'high_water_mark',
      minimumPayment: '50000000',
      hurdle: '1000000',
    });
    const round = (from: bigint, to: bigint): string => {
      driver.movePrice(0, from);
      driver.trade(trader, 'long', 1_000_000_000n);
      return close(driver, trader, 1_000_000_000n, to);
    };
    round(150_000_000n, 140_000_000n);
    round(150_000_000n, 155_000_000n);
    const won = round(150_000_000n, 180_000_000n);
    const share = await street.share('bo', (each) => each.reason?.code === 'below_minimum');
    expect(share.close.signature).toBe(won);
    expect(share).toMatchObject({ status: 'pending', attempts: 0 });
    const closes = (await accrualsIn(street.database)).filter(
      ({ subscriberId }) => subscriberId === 'bo',
    );
    const total = closes.reduce((sum, each) => sum + each.netPnl, 0n);
    expect(closes.map((each) => each.charged)).toEqual([0n, 0n, total - 1_000_000n]);
    expect(closes.at(-1)?.deficitAfter).toBe(0n);
    expect(BigInt(share.amount)).toBe((total - 1_000_000n) / 10n);
    await expect.poll(async () => (await street.gate('bo')).outstanding).toBe(share.amount);
    expect(driver.quoteOf(creator)).toBeNull();
    // The platform asks before a withdrawal: then nothing is too small.
    const cleared = await street.post('/v1/subscribers/bo/clearances', {
      purpose: 'withdraw',
      amount: '1000000',
    });
    expect(cleared).toMatchObject({ status: 201, body: { status: 'cleared' } });
    expect(driver.quoteOf(creator)).toBe(BigInt(share.amount));
  });

  test('a subscriber who runs away while owing less than the minimum is denied, and the debt is paid all the same', async () => {
    const street = await shared();
    const { people: driver } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
    await street.subscribe('cy', trader, creator, 1_000, { minimumPayment: '50000000' });
    driver.movePrice(0, 150_000_000n);
    driver.trade(trader, 'long', 1_000_000_000n);
    close(driver, trader, 1_000_000_000n, 160_000_000n);
    const share = await street.share('cy', (each) => each.reason?.code === 'below_minimum');
    driver.withdrawTo(trader, creatorWallet(), 10_000_000n);
    await street.share('cy', (each) => each.status === 'paid');
    expect(driver.quoteOf(creator)).toBe(BigInt(share.amount));
    await street.standing('cy', 'good');
  });

  test('a subscriber leaves only when nothing is open, owed or unheard, and may come back', async () => {
    await using street = await openStreet({ venues: [venue] });
    const { people: driver, database } = street;
    const creator = creatorWallet();
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
    await street.subscribe('ana', trader, creator, 1_000, { capPerClose: '900000000' });
    await street.subscribe('bo', driver.createTrader({ deposit: 1_000_000_000n }), creator);
    const followed = async () => {
      const hearing = await (await fetch(`${street.app().url}/v1/hearing`)).json();
      const { accounts } = (hearing as { subscriptions: { accounts: number } }).subscriptions;
      const at = [...street.world.helius.webhooks.values()].flatMap(
        (each) => each.accountAddresses,
      );
      return [accounts, at.length, at.includes(trader.agent.publicKey.toBase58())];
    };
    await expect.poll(followed).toEqual([6, 6, true]);
    const leave = async () => {
      const answer = await fetch(`${street.app().url}/v1/subscribers/ana`, { method: 'DELETE' });
      const text = await answer.text();
      return text === '' ? answer.status : (JSON.parse(text) as { detail: string }).detail;
    };
    driver.movePrice(0, 150_000_000n);
    driver.trade(trader, 'long', 1_000_000_000n);
    await expect.poll(leave).toMatch(/holds positions/);
    close(driver, trader, 1_000_000_000n, 160_000_000n);
    await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
    await expect.poll(leave).toMatch(/owes something/);
    street.sendSol(trader.agent.publicKey, 50_000_000n);
    await street.share('ana', (each) => each.status === 'paid');
    await expect.poll(leave).toBe(204);
    expect(await leave()).toBe(204);
    await expect.poll(followed).toEqual([3, 3, false]);
    // The gate may still hold a doubt for a moment that was read while the subscriber left.
    await expect
      .poll(() => street.gate('ana'))
      .toMatchObject({ verdict: 'deny', standing: 'retired' });
    await expect.poll(async () => (await street.gate('ana', 'close')).allow).toBe(true);
    const { subscribers, subscriptions } = createLedger(database.sql);
    expect(await subscribers.agentKey('ana')).toBeNull();
    expect((await subscriptions.find('ana-sub'))?.terms.at(-1)).toMatchObject({
      ended: true,
      capPerClose: 900_000_000n,
    });
    // The daemon is stopped, so what happens now is not heard as it happens.
    driver.movePrice(0, 150_000_000n);
    driver.trade(trader, 'long', 1_000_000_000n);
    aSlotLater(street);
    street.world.cluster.advance(40);
    await street.subscribe('ana', trader, creator);
    await street.standing('ana', 'good');
    await expect.poll(followed).toEqual([6, 6, true]);
    aSlotLater(street);
    const signature = close(driver, trader, 1_000_000_000n, 170_000_000n);
    // The position was opened before anything was agreed, so its close is heard and owes nothing.
    await expect
      .poll(async () =>
        (await accrualsIn(database))
          .filter((each) => each.signature === signature)
          .map(({ amount }) => amount),
      )
      .toEqual([0n]);
    expect(await street.shares('ana')).toHaveLength(1);
  });
});
