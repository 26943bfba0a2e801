// Returning: a subscriber of an import leaves, registers again, and agrees the same subscription.
// What the other system settled before the cut-over is not asked for a second time.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { asking } from '../support/ask.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('closes before the cut-over of an import stay the other system’s after the subscriber left and returned', async () => {
  await using street = await openStreet();
  const { driver, world } = street;
  const ask = asking(() => street.app().url);
  const creator = Keypair.generate().publicKey;
  const cy = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  world.cluster.advance(2);
  const fromSlot = world.cluster.slot('processed');
  world.cluster.advance(2);
  const settled = [profitableClose(driver, cy)];
  world.cluster.advance(2);
  settled.push(profitableClose(driver, cy));
  world.cluster.advance(4);
  const person = {
    id: 'cy',
    agentWallet: cy.agent.publicKey.toBase58(),
    agentSecretKey: base58Text(cy.agent.secretKey),
    subAccountIds: [0],
  };
  const agreed = {
    id: 'cy-1',
    subAccountId: 0,
    creatorWallet: creator.toBase58(),
    shareBps: 1_000,
  };
  const rows = [
    { kind: 'subscriber', ...person },
    { kind: 'subscription', ...agreed, subscriber: 'cy', open: 'from_slot', fromSlot },
  ];
  expect(await street.post('/v1/imports', { rows, dryRun: false })).toMatchObject({
    status: 200,
    body: { refused: [] },
  });
  const outcomes = async () => {
    const { body } = await ask('GET', '/v1/subscribers/cy/closes');
    const closes = body.closes as { signature: string; reason: string | null }[];
    return new Map(closes.map(({ signature, reason }) => [signature, reason]));
  };
  const before = new Map(settled.toReversed().map((each) => [each, 'before_cut_over']));
  await expect.poll(outcomes).toEqual(before);
  await expect.poll(async () => (await ask('DELETE', '/v1/subscribers/cy')).status).toBe(204);

  expect((await street.post('/v1/subscribers', person)).status).toBe(201);
  expect((await street.post('/v1/subscribers/cy/subscriptions', agreed)).status).toBe(201);
  // Closes are booked in the order of their slots, so the earlier two had their turn before this.
  const own = profitableClose(driver, cy);
  const share = await street.share('cy', ({ status }) => status === 'paid');
  expect(share.close.signature).toBe(own);
  expect(await street.shares('cy')).toHaveLength(1);
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  expect(await outcomes()).toEqual(new Map([[own, null], ...before]));
});
