// Adopt: token accounts in which an agent keeps tokens of value are followed, and sub-accounts that
// it makes. An agent with more accounts than are followed gains nothing, because the gate then says
// `unknown` about it.
import { describe, expect, test } from 'vitest';
import type { Chain, ChainAccount } from '../../src/core/chain-ports.ts';
import { type Address, base58Bytes } from '../../src/core/ids.ts';
import { blankState } from '../../src/core/reckoning.ts';
import type { ChainTransaction, TokenBalance } from '../../src/core/transaction.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import type { WatchList } from '../../src/core/watch-ports.ts';
import { createAccept } from '../../src/flows/accepted-changes.ts';
import { adoptFrom, createUnfollowedLook, TOKEN_ACCOUNTS_MOST } from '../../src/flows/adopt.ts';
import { personalDoubts } from '../../src/flows/gate-doubts.ts';
import { roomFor, SUB_ACCOUNTS_MOST } from '../../src/flows/sub-accounts.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { addressOf, closeFact, signatureOf } from '../support/ledger.ts';
import { accountOf, createListening } from '../support/listening.ts';

const WALLET = addressOf(101);
const STRANGER = addressOf(777);
const COUNTER = addressOf(800);
const TOO_MANY =
  'ana: Has more than 100 token accounts or 64 sub-accounts, and not all of them are followed. Close some of them.';
/** The first sub-account has the address with which the subscriber was registered. */
const userOf = (subAccountId: number): Address =>
  subAccountId === 0 ? accountOf('ana') : addressOf(5_000 + subAccountId);

async function world() {
  const held = await createListening(['ana', 'bo']);
  const owners = new Map<Address, Address>();
  const node = { slot: 500, created: 1, derived: 0 };
  const chain = {
    ...held.ports.chain,
    slices: async (addresses: readonly Address[]) => ({
      slot: node.slot,
      accounts: addresses.map((address): ChainAccount | null => {
        const owner = owners.get(address);
        if (owner === undefined) return null;
        const data = Buffer.alloc(165);
        data.set(base58Bytes(owner) ?? [], 32);
        return { data, lamports: 1n, owner: STRANGER };
      }),
    }),
  } as unknown as Chain;
  const venue = {
    ...held.ports.venues.usual,
    ofValue: (mint: string) => mint === QUOTE_MINT,
    stateOf: (_: string, slot: number) => blankState(slot),
    statsAddress: (wallet: Address) => (wallet === WALLET ? COUNTER : STRANGER),
    subAccountsCreated: () => node.created,
    userAddress: async (_: Address, subAccountId: number) => {
      node.derived++;
      return userOf(subAccountId);
    },
  } as unknown as Venue;
  const ports = { ...held.ports, chain, venues: venuesOf([venue]) };
  const filled = (
    account: Address,
    given: { signer?: Address; mint?: Address; amount?: bigint; slot?: number } = {},
  ) => {
    const { signer = WALLET, mint = QUOTE_MINT, amount = 5n, slot = 60 } = given;
    const row: TokenBalance = {
      account,
      mint,
      decimals: 6,
      program: STRANGER,
      owner: WALLET,
      ownerAfter: WALLET,
      before: 0n,
      after: amount,
    };
    const transaction = {
      signature: signatureOf(1),
      slot,
      error: null,
      keys: [signer, account],
      signers: [signer],
      tokenBalances: [row],
    } as unknown as ChainTransaction;
    return adoptFrom(ports, [], transaction);
  };
  /** The agent makes sub-accounts until it has made `count`; each is named in the same slot. */
  const makes = (count: number, slot: number) => {
    node.created = count;
    const body = { kind: 'notice', what: 'sub_account_seen', who: userOf(count - 1) } as const;
    const fact = closeFact(slot, 0n, { account: accountOf('ana'), slot });
    const named = { ...fact, body: { ...body, amount: null, detail: '' } };
    return adoptFrom(ports, [named], { error: {}, slot } as unknown as ChainTransaction);
  };
  /** The agent deletes a sub-account, and the check of its state has believed it. */
  const deletes = (subAccountId: number, slot: number) =>
    held.ledger.checks.begin(
      { address: userOf(subAccountId), subscriberId: 'ana', role: 'drift_user' },
      blankState(slot),
    );
  const reasons = async () => {
    const doubts = await personalDoubts(held, { leadTo: 'ignore' });
    return [...doubts].map(([id, { reason }]) => `${id}: ${reason}`);
  };
  return {
    ...held,
    ports,
    node,
    owners,
    filled,
    makes,
    deletes,
    reasons,
    look: createUnfollowedLook(ports),
  };
}
/** The agent owns 101 token accounts that are followed, its associated one among them. */
async function crowded() {
  const held = await world();
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
    await using held = await world();
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

  test('is looked at in its turn, however many accounts were named before and stay', async () => {
    await using held = await crowded();
    const [his, ...hers] = Array.from({ length: 151 }, (_, n) => addressOf(2_000 + n));
    if (his === undefined) throw new Error('there are 151');
    for (const [n, address] of hers.entries()) {
      held.owners.set(address, WALLET);
      await held.ledger.unfollowed.add({ address, subscriberId: 'ana', fromSlot: 59 }, n);
    }
    await held.ledger.unfollowed.add({ address: his, subscriberId: 'bo', fromSlot: 59 }, 1_000);
    for (let turn = 0; turn < 2; turn++) await held.look();
    expect(await held.ledger.unfollowed.list(1_000)).toHaveLength(150);
    // The look begins again with the first account.
    held.owners.clear();
    for (let turn = 0; turn < 2; turn++) await held.look();
    expect(await held.ledger.unfollowed.list(1_000)).toEqual([]);
  });
});

describe('a sub-account of the agent', () => {
  const cursorOf = async (held: Awaited<ReturnType<typeof world>>, subAccountId: number) =>
    (await held.ledger.watchList.cursors([userOf(subAccountId)]))[0]?.slot;

  test('is followed with those made before it, up to 64 open ones', async () => {
    await using held = await world();
    expect(await held.makes(3, 60)).toBe(true);
    expect([await cursorOf(held, 1), await cursorOf(held, 2)]).toEqual([59, 59]);
    expect(await held.makes(SUB_ACCOUNTS_MOST, 70)).toBe(true);
    expect(await held.reasons()).toEqual([]);
    expect(await held.ledger.watchList.openAccounts('ana', 'drift_user')).toBe(64);
  });

  test('beyond those makes the gate of its owner unknown, and costs one row however many there are', async () => {
    await using held = await world();
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
    await using held = await world();
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
    await held.deletes(3, 80);
    expect(await held.look()).toBe(false);
    expect(await held.reasons()).toEqual([]);
  });

  test('is not taken for followed by a node that is behind the slot in which it was named', async () => {
    await using held = await world();
    await held.makes(65, 70);
    await held.deletes(1, 80);
    Object.assign(held.node, { slot: 69, created: 64 });
    await held.look();
    expect(await held.reasons()).toHaveLength(1);
    Object.assign(held.node, { slot: 70, created: 65 });
    expect(await held.look()).toBe(true);
    await held.deletes(2, 80);
    await held.look();
    expect(await held.reasons()).toEqual([]);
  });

  test('is not followed beyond a thousand that were ever made, though all were deleted', async () => {
    const watchList = { openAccounts: async () => 0 } as unknown as WatchList;
    const room = (made: number) =>
      roomFor({ watchList }, { id: 'ana', driftAccounts: new Array(made) });
    expect([await room(10), await room(999), await room(1_001)]).toEqual([64, 1, 0]);
  });

  test('that is not followed may exist although every followed one is deleted', async () => {
    await using held = await world();
    await held.makes(65, 70);
    await held.ledger.unfollowed.add({ address: COUNTER, subscriberId: 'ana', fromSlot: 1 }, 0);
    for (let id = 0; id < SUB_ACCOUNTS_MOST; id++) await held.deletes(id, 80);
    expect(await held.ledger.checks.absent()).toEqual(['ana']);
    expect(await held.reasons()).toEqual([TOO_MANY]);
  });
});
