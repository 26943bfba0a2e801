// Named by a stranger: a stranger sends a transaction whose log is cut, and gives a call of its own
// the account of a subscriber. The account has not changed: it owes nothing more, and its
// withdrawals are cleared.
import { Keypair, type TransactionInstruction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { instructions, userOf } from '../../src/local/velocity/instructions.ts';
import { asking } from '../support/ask.ts';
import { checksIn, sightingsIn } from '../support/heard-rows.ts';
import { noise } from '../support/noise.ts';
import { openStreet, type Street } from '../support/street.ts';

type Trader = ReturnType<Street['people']['createTrader']>;

/** Calls of a stranger that are given an account: one that cannot trade for it, one that could. */
const CALLS: Readonly<Record<string, (stranger: Trader, named: Trader) => TransactionInstruction>> =
  {
    'cancels its orders': (stranger, named) => {
      const call = instructions.cancelAll(stranger);
      call.keys.push({ pubkey: userOf(named), isSigner: false, isWritable: false });
      return call;
    },
    'names a maker': (stranger, named) =>
      instructions.take(stranger, named, {
        direction: 'long',
        base: 10_000_000n,
        price: 1_000_000n,
      }),
  };
const names = Object.keys(CALLS);
const callOf = (name: string, stranger: Trader, named: Trader): TransactionInstruction => {
  const make = CALLS[name];
  if (make === undefined) throw new Error(`no call ${name}`);
  return make(stranger, named);
};

const becomes = async ({ database }: Street, signature: string, status: string): Promise<void> => {
  const found = async () =>
    (await sightingsIn(database)).find((each) => each.signature === signature)?.status;
  await expect.poll(found).toBe(status);
};
/** Waits until the state of an account was compared at this slot or later. */
const judged = async ({ database }: Street, address: string, slot: number): Promise<void> => {
  const reached = async () =>
    (await checksIn(database)).find((each) => each.address === address)?.baseline.slot ?? 0;
  await expect.poll(reached).toBeGreaterThanOrEqual(slot);
};

test.each(names)(
  'a position from before the terms owes nothing when a stranger %s',
  async (name) => {
    await using street = await openStreet({ venues: ['velocity'] });
    const ask = asking(() => street.app().url);
    const { people, world } = street;
    const ana = people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    const stranger = people.createTrader({ deposit: 1_000_000_000n });
    people.movePrice(0, 75_000_000n);
    people.trade(ana, 'long', 2_000_000_000n);
    people.movePrice(0, 95_000_000n);
    world.cluster.advance(4);
    const fromSlot = world.cluster.slot('processed');
    world.cluster.advance(4);
    const rows = [
      {
        kind: 'subscriber',
        id: 'ana',
        venue: 'velocity',
        subAccountIds: [0],
        agentWallet: ana.agent.publicKey.toBase58(),
        agentSecretKey: base58Text(ana.agent.secretKey),
      },
      {
        kind: 'subscription',
        id: 'ana-1',
        subscriber: 'ana',
        venue: 'velocity',
        creatorWallet: Keypair.generate().publicKey.toBase58(),
        shareBps: 1_000,
        subAccountId: 0,
        open: 'from_slot',
        fromSlot,
      },
    ];
    expect(await street.post('/v1/imports', { rows, dryRun: false })).toMatchObject({
      status: 200,
      body: { refused: [] },
    });
    const landed = people.send(
      [...noise, callOf(name, stranger, ana)],
      [people.faucet, stranger.agent],
    );
    expect(landed.execution).toMatchObject({ error: null });
    expect(landed.execution.logs).toContain('Log truncated');
    await becomes(street, landed.signature, 'finalized');
    await judged(street, userOf(ana).toBase58(), landed.slot);
    // A gain of 40 USDT from before the terms, of which a tenth would be 4.
    const closed = people.trade(ana, 'short', 2_000_000_000n, { reduceOnly: true });
    await judged(street, userOf(ana).toBase58(), closed.slot);
    const outcome = async () => {
      const { body } = await ask('GET', '/v1/subscribers/ana/closes');
      return (body.closes as { signature: string; amount: string; reason: string }[]).find(
        (each) => each.signature === closed.signature,
      );
    };
    await expect.poll(outcome).toMatchObject({ amount: '0', reason: 'before_terms' });
    const owing = (await street.shares('ana')).filter((each) => each.amount !== '0');
    expect(owing).toEqual([]);
  },
);

test.each(names)('a withdrawal is cleared while a stranger %s', async (name) => {
  // As on mainnet, a block is final after 13 s.
  await using street = await openStreet({ venues: ['velocity'], slotMs: 200, finalizedAfter: 65 });
  const { people } = street;
  const ana = people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  const stranger = people.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', ana, Keypair.generate().publicKey, 1_000, {}, 'velocity');
  await street.verdict('ana', 'allow');
  const landed = people.send(
    [...noise, callOf(name, stranger, ana)],
    [people.faucet, stranger.agent],
  );
  expect(landed.execution.logs).toContain('Log truncated');
  await becomes(street, landed.signature, 'confirmed');
  const asked = { purpose: 'withdraw', amount: '1000000', venue: 'velocity' };
  // The stranger's transaction is not final yet.
  const { status, body } = await street.post('/v1/subscribers/ana/clearances', asked);
  expect([status, body.code]).toEqual([201, undefined]);
  expect((await sightingsIn(street.database)).map((each) => each.status)).toContain('confirmed');
});
