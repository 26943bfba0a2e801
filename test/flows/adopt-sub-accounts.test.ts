// Adopt sub-accounts: those that an agent makes are followed. An agent with more of them than are
// followed gains nothing, because the gate then says `unknown` about it.
import { describe, expect, test } from 'vitest';
import type { Address, Slot } from '../../src/core/ids.ts';
import type { WatchList } from '../../src/core/watch-ports.ts';
import { createUnfollowedLook } from '../../src/flows/adopt.ts';
import { roomFor, SUB_ACCOUNTS_MOST } from '../../src/flows/sub-accounts.ts';
import { COUNTER, createAdopting, TOO_MANY, userOf, velocityUserOf } from '../support/adopting.ts';

describe('a sub-account of the agent', () => {
  const cursorOf = async (held: Awaited<ReturnType<typeof createAdopting>>, subAccountId: number) =>
    (await held.ledger.watchList.cursors([userOf(subAccountId)]))[0]?.slot;

  test('is followed with those made before it, up to 64 open ones', async () => {
    await using held = await createAdopting();
    expect(await held.makes(3, 60)).toBe(true);
    expect([await cursorOf(held, 1), await cursorOf(held, 2)]).toEqual([59, 59]);
    expect(await held.makes(SUB_ACCOUNTS_MOST, 70)).toBe(true);
    expect(await held.reasons()).toEqual([]);
    expect(await held.ledger.watchList.openAccounts('ana', 'drift_user')).toBe(64);
  });

  test('beyond those makes the gate of its owner unknown, and costs one row however many there are', async () => {
    await using held = await createAdopting();
    expect(await held.makes(300, 60)).toBe(true);
    expect(await held.makes(300, 61)).toBe(false);
    expect(await held.ledger.watchList.openAccounts('ana', 'drift_user')).toBe(64);
    expect(held.node.derived).toBeLessThan(100);
    expect(await held.ledger.unfollowed.list(10)).toMatchObject([
      { address: COUNTER, subscriberId: 'ana', fromSlot: 59 },
    ]);
    expect(await held.reasons()).toEqual([TOO_MANY]);
    const told = held.events.filter((each) => each.event === 'account.not_adopted');
    expect(told.map((each) => each.fields)).toEqual([
      { subscriber: 'ana', address: COUNTER, subAccount: userOf(64) },
    ]);
    // No room: the look changes nothing.
    expect(await held.look()).toBe(false);
    expect(await held.reasons()).toHaveLength(1);
  });

  test('is followed from where the first of them was named, once others are deleted', async () => {
    await using held = await createAdopting();
    await held.makes(66, 70);
    expect(held.ports.watched.map.has(userOf(64))).toBe(false);
    await held.deletes(1, 80);
    expect(await held.look()).toBe(true);
    expect(await cursorOf(held, 64)).toBe(69);
    // One is still beyond, so the doubt stays.
    expect(await held.reasons()).toEqual([TOO_MANY]);
    await held.deletes(2, 80);
    expect(await held.look()).toBe(true);
    expect(await cursorOf(held, 65)).toBe(69);
    // Exactly 64 are open now and all are followed, so there is no room and no doubt.
    expect(await held.look()).toBe(false);
    expect(await held.reasons()).toEqual([]);
  });

  test('is not taken for followed by a node that is behind the slot in which it was named', async () => {
    await using held = await createAdopting();
    await held.makes(65, 70);
    await held.deletes(1, 80);
    Object.assign(held.node, { slot: 69, created: 64 });
    await held.look();
    expect(await held.reasons()).toHaveLength(1);
    Object.assign(held.node, { slot: 70, created: 65 });
    expect(await held.look()).toBe(true);
    await held.look();
    expect(await held.reasons()).toEqual([]);
  });

  test('is not taken for followed by a node that is behind the slot in which it was named last', async () => {
    await using held = await createAdopting();
    await held.makes(65, 70);
    await held.deletes(1, 80);
    expect(await held.look()).toBe(true);
    // 64 are followed, so the row would go with the next look. The next one is named before.
    await held.makes(66, 300);
    // This node has seen the first naming alone.
    Object.assign(held.node, { slot: 299, created: 65 });
    await held.look();
    expect(await held.reasons()).toEqual([TOO_MANY]);
    await held.deletes(2, 310);
    Object.assign(held.node, { slot: 300, created: 66 });
    expect(await held.look()).toBe(true);
    // What the last one did since the first naming is heard.
    expect(await cursorOf(held, 65)).toBe(69);
    await held.look();
    expect(await held.reasons()).toEqual([]);
  });

  test('is in doubt where the node that is asked has not seen the slot in which it was named', async () => {
    await using held = await createAdopting();
    held.node.slot = 299;
    await held.makes(2, 300, 1);
    expect(await held.reasons()).toEqual([TOO_MANY]);
    const told = held.events.filter((each) => each.event === 'account.not_adopted');
    expect(told.map((each) => each.fields)).toMatchObject([{ subAccount: null }]);
    Object.assign(held.node, { slot: 300, created: 2 });
    expect(await held.look()).toBe(true);
    expect(await cursorOf(held, 1)).toBe(299);
    await held.look();
    expect(await held.reasons()).toEqual([]);
  });

  test('is followed from where it was first named, though named again before the look', async () => {
    await using held = await createAdopting();
    await held.makes(65, 70);
    await held.deletes(1, 80);
    expect(await held.makes(66, 300)).toBe(true);
    expect(await cursorOf(held, 64)).toBe(69);
    await held.deletes(2, 310);
    await held.look();
    expect(await cursorOf(held, 65)).toBe(69);
  });

  test('is followed from the earlier slot, where a later transaction was heard first', async () => {
    await using held = await createAdopting();
    await held.makes(65, 300);
    await held.makes(65, 70);
    await held.makes(65, 200);
    expect(held.events.filter((each) => each.event === 'account.not_adopted')).toHaveLength(1);
    await held.deletes(1, 310);
    await held.look();
    expect(await cursorOf(held, 64)).toBe(69);
  });

  test('is followed from the earlier of the slots with which two venues are listed', async () => {
    await using held = await createAdopting();
    const velocityCursor = async () =>
      (await held.ledger.watchList.cursors([velocityUserOf(0)]))[0]?.slot;
    await held.makes(SUB_ACCOUNTS_MOST, 60);
    await held.makesAtVelocity(1, 100);
    await held.makes(65, 200);
    expect(await held.ledger.unfollowed.list(10)).toHaveLength(2);
    for (const id of [1, 2]) await held.deletes(id, 210);
    expect(await held.look()).toBe(true);
    expect(await velocityCursor()).toBe(99);
  });

  test('of a venue that is not listed waits with the slot of the venue that is', async () => {
    await using held = await createAdopting();
    await held.makes(65, 100);
    // The row of the first venue stands for this one as well.
    await held.makesAtVelocity(1, 200);
    expect(await held.ledger.unfollowed.list(10)).toHaveLength(1);
    await held.deletes(1, 210);
    expect(await held.makesAtVelocity(2, 300)).toBe(true);
    expect(await cursorOf(held, 64)).toBe(99);
    for (const id of [2, 3]) await held.deletes(id, 310);
    await held.look();
    const cursors = await held.ledger.watchList.cursors([velocityUserOf(0), velocityUserOf(1)]);
    expect(cursors.map((each) => each.slot)).toEqual([99, 99]);
  });

  test('keeps the doubt when it is named between the look at the counter and its end', async () => {
    await using held = await createAdopting();
    await held.makes(65, 70);
    await held.deletes(1, 80);
    expect(await held.look()).toBe(true);
    const { unfollowed } = held.ledger;
    const remove = async (address: Address, shownIn: Slot | null) => {
      await held.makes(66, 501);
      return unfollowed.remove(address, shownIn);
    };
    const ledger = { ...held.ledger, unfollowed: { ...unfollowed, remove } };
    await createUnfollowedLook({ ...held.ports, ledger })();
    expect(await held.reasons()).toEqual([TOO_MANY]);
  });

  test('is not followed beyond a thousand that were ever made, though all were deleted', async () => {
    const watchList = { openAccounts: async () => 0 } as unknown as WatchList;
    const room = (made: number) =>
      roomFor({ watchList }, { id: 'ana', driftAccounts: new Array(made) });
    expect([await room(10), await room(999), await room(1_001)]).toEqual([64, 1, 0]);
  });

  test('that is not followed may exist although every followed one is deleted', async () => {
    await using held = await createAdopting();
    await held.makes(65, 70);
    const first = { address: COUNTER, subscriberId: 'ana', fromSlot: 1, namedSlot: 2 };
    await held.ledger.unfollowed.add(first, 0);
    for (let id = 0; id < SUB_ACCOUNTS_MOST; id++) await held.deletes(id, 80);
    expect(await held.ledger.checks.absent()).toEqual(['ana']);
    expect(await held.reasons()).toEqual([TOO_MANY]);
  });
});
