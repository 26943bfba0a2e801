// Adopt: token accounts in which an agent keeps tokens of value are followed. An agent with more of
// them than are followed gains nothing, because the gate then says `unknown` about it.
import { describe, expect, test } from 'vitest';
import { blankState } from '../../src/core/reckoning.ts';
import { createAccept } from '../../src/flows/accepted-changes.ts';
import { createUnfollowedLook, TOKEN_ACCOUNTS_MOST } from '../../src/flows/adopt.ts';
import { createAdopting, STRANGER, TOO_MANY, WALLET } from '../support/adopting.ts';
import { addressOf } from '../support/ledger.ts';

const NAMED = { fromSlot: 59, namedSlot: 60 };
/** The agent owns 101 token accounts that are followed, its associated one among them. */
async function crowded() {
  const held = await createAdopting();
  for (let n = 0; n < TOKEN_ACCOUNTS_MOST; n++)
    await held.ledger.watchList.adopt({
      address: addressOf(1_000 + n),
      subscriberId: 'ana',
      subAccountId: null,
      fromSlot: 1,
      nowMs: 0,
    });
  await held.ports.watched.refresh();
  return held;
}

describe('a token account of the agent', () => {
  test('is followed once a transaction of the agent leaves tokens of value in it', async () => {
    await using held = await createAdopting();
    const account = addressOf(900);
    expect(await held.filled(account, { signer: STRANGER })).toBe(false);
    expect(await held.filled(account, { mint: addressOf(55) })).toBe(false);
    expect(await held.filled(account, { amount: 0n })).toBe(false);
    expect(await held.filled(account)).toBe(true);
    expect(held.ports.watched.map.get(account)).toMatchObject({
      subscriberId: 'ana',
      role: 'agent_token_account',
    });
    expect(await held.filled(account)).toBe(false);
    const [cursor] = await held.ledger.watchList.cursors([account]);
    expect(cursor?.slot).toBe(59);
  });

  test('beyond those that are followed makes the gate of its owner unknown, and of nobody else', async () => {
    await using held = await crowded();
    const last = addressOf(901);
    held.owners.set(last, WALLET);
    expect(await held.filled(last)).toBe(false);
    expect(held.ports.watched.map.has(last)).toBe(false);
    expect(await held.reasons()).toEqual([TOO_MANY]);
    expect(await held.look()).toBe(false);
    expect(await held.reasons()).toHaveLength(1);
    expect(held.events.map((each) => each.event)).toContain('account.not_adopted');
  });

  test('is followed when another one was closed, from where it was first named', async () => {
    await using held = await crowded();
    const last = addressOf(901);
    held.owners.set(last, WALLET);
    await held.filled(last, { slot: 70 });
    const closed = {
      address: addressOf(1_000),
      subscriberId: 'ana',
      role: 'agent_token_account',
    } as const;
    await held.ledger.checks.begin(closed, blankState(80));
    expect(await held.look()).toBe(true);
    expect(await held.reasons()).toEqual([]);
    expect((await held.ledger.watchList.cursors([last]))[0]?.slot).toBe(69);
  });

  test('is followed from where it was first named, though named again before the look', async () => {
    await using held = await crowded();
    const last = addressOf(901);
    await held.filled(last, { slot: 70 });
    const closed = { address: addressOf(1_000), subscriberId: 'ana' } as const;
    await held.ledger.checks.begin({ ...closed, role: 'agent_token_account' }, blankState(80));
    expect(await held.filled(last, { slot: 300 })).toBe(true);
    expect((await held.ledger.watchList.cursors([last]))[0]?.slot).toBe(69);
    expect(await held.reasons()).toEqual([]);
  });

  test('raises no doubt any more once it is closed, belongs to another, or a person accepts it', async () => {
    await using held = await crowded();
    const [gone, given, kept] = [addressOf(901), addressOf(902), addressOf(903)];
    for (const each of [gone, given, kept]) await held.filled(each);
    held.owners.set(given, STRANGER).set(kept, WALLET);
    await held.look();
    expect((await held.ledger.unfollowed.list(10)).map((each) => each.address)).toEqual([kept]);
    expect(await held.reasons()).toHaveLength(1);
    await createAccept(held.ports)(kept, 'a market maker of ours');
    expect(await held.reasons()).toEqual([]);
  });

  test('is not taken for closed by a node that is behind the slot in which it was named', async () => {
    await using held = await crowded();
    await held.filled(addressOf(901), { slot: 70 });
    held.node.slot = 69;
    await held.look();
    expect(await held.reasons()).toHaveLength(1);
    held.node.slot = 70;
    await held.look();
    expect(await held.reasons()).toEqual([]);
  });

  test('is not taken for closed by a node that is behind the slot in which it was named last', async () => {
    await using held = await crowded();
    await held.filled(addressOf(901), { slot: 70 });
    // It was closed, made again and named again.
    await held.filled(addressOf(901), { slot: 300 });
    held.node.slot = 299;
    await held.look();
    expect(await held.reasons()).toEqual([TOO_MANY]);
    held.node.slot = 300;
    await held.look();
    expect(await held.reasons()).toEqual([]);
  });

  test('stays in doubt when the daemon stops before it is followed', async () => {
    await using held = await crowded();
    const last = addressOf(901);
    held.owners.set(last, WALLET);
    await held.filled(last, { slot: 70 });
    const closed = { address: addressOf(1_000), subscriberId: 'ana' } as const;
    await held.ledger.checks.begin({ ...closed, role: 'agent_token_account' }, blankState(80));
    const stopped = async () => {
      throw new Error('the daemon stops');
    };
    const watchList = { ...held.ledger.watchList, adopt: stopped };
    const ledger = { ...held.ledger, watchList };
    await expect(createUnfollowedLook({ ...held.ports, ledger })()).rejects.toThrow('stops');
    expect(await held.reasons()).toEqual([TOO_MANY]);
    expect(await held.look()).toBe(true);
    expect(await held.reasons()).toEqual([]);
  });

  test('raises no doubt where another daemon follows it already', async () => {
    await using held = await crowded();
    const followed = addressOf(1_000);
    held.owners.set(followed, WALLET);
    // This daemon read the same transaction with a list of accounts of a moment before.
    const unfollowed = { address: followed, subscriberId: 'ana', ...NAMED };
    await held.ledger.unfollowed.add(unfollowed, 0);
    expect(await held.reasons()).toEqual([TOO_MANY]);
    await held.look();
    expect(await held.reasons()).toEqual([]);
  });

  test('is told once, however many transactions name it', async () => {
    await using held = await crowded();
    for (const slot of [70, 80, 90]) await held.filled(addressOf(901), { slot });
    const told = held.events.filter((each) => each.event === 'account.not_adopted');
    expect(told).toHaveLength(1);
  });

  test('is looked at in its turn, however many accounts were named before and stay', async () => {
    await using held = await crowded();
    const [his, ...hers] = Array.from({ length: 151 }, (_, n) => addressOf(2_000 + n));
    if (his === undefined) throw new Error('there are 151');
    for (const [n, address] of hers.entries()) {
      held.owners.set(address, WALLET);
      await held.ledger.unfollowed.add({ address, subscriberId: 'ana', ...NAMED }, n);
    }
    await held.ledger.unfollowed.add({ address: his, subscriberId: 'bo', ...NAMED }, 1_000);
    for (let turn = 0; turn < 2; turn++) await held.look();
    expect(await held.ledger.unfollowed.list(1_000)).toHaveLength(150);
    // The look begins again with the first account.
    held.owners.clear();
    for (let turn = 0; turn < 2; turn++) await held.look();
    expect(await held.ledger.unfollowed.list(1_000)).toEqual([]);
  });
});
