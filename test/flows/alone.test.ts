// Alone: a history, an account's state or a delivery that cannot be read is set aside, and the
// others are still read.
import { expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import { Fault } from '../../src/core/fault.ts';
import { type Address, base58Text, type Signature } from '../../src/core/ids.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { beginChecks, checkAccounts } from '../../src/flows/account-checks.ts';
import { backfill } from '../../src/flows/backfill.ts';
import { digestDeliveries, readEntry } from '../../src/flows/digest.ts';
import { doubtedBy } from '../../src/flows/gate-doubts.ts';
import { storeSpoiledDelivery } from '../support/damage.ts';
import { sightingsIn } from '../support/heard-rows.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { addressOf, recordFact, signatureOf } from '../support/ledger.ts';
import { accountOf, createListening, type Listening, OPTIONS } from '../support/listening.ts';

const never = new AbortController().signal;
const row = (signature: Signature, slot: number) => ({
  signature,
  slot,
  blockIndex: 0,
  memo: null,
  failed: false,
});

test('a history that cannot be had is walked later; the others are, and their cursors move', async () => {
  await using held = await createListening();
  const { node, ports, ledger, clock } = held;
  const close = held.close('bo', 10);
  node.histories.set(accountOf('bo'), [row(close, 10)]);
  node.histories.set(accountOf('ana'), new Fault('rpc_unavailable', 'long-term storage'));
  await backfill(ports, never);
  await inspectDue(ports, OPTIONS);
  expect(await held.facts()).toEqual(['bo finalized']);
  const cursors = await ledger.watchList.cursors([accountOf('ana'), accountOf('bo')]);
  expect(cursors.map((each) => each.slot).sort()).toEqual([1, 1_000]);
  expect(await ledger.asides.list(5)).toMatchObject([
    { kind: 'history', subject: accountOf('ana'), attempts: 1 },
  ]);
  // The history is not asked for again before its time, and makes the gate `unknown` for its
  // subscriber meanwhile.
  await backfill(ports, never);
  expect((await ledger.asides.list(5))[0]?.attempts).toBe(1);
  expect(await ledger.asides.subscribersBefore(clock.nowMs())).toEqual(['ana']);
  node.histories.set(accountOf('ana'), []);
  clock.advance(1_000);
  await backfill(ports, never);
  expect(await ledger.asides.list(5)).toEqual([]);
});

test('when every history fails the node is at fault, and the walk ends with that error', async () => {
  const ids = Array.from({ length: 10 }, (_, index) => addressOf(5_000 + index));
  await using held = await createListening();
  for (const [index, wallet] of ids.entries())
    await held.ledger.subscribers.register({
      id: `s${index}`,
      agentWallet: wallet,
      agentTokenAccount: addressOf(6_000 + index),
      driftAccounts: [{ address: addressOf(7_000 + index), subAccountId: 0 }],
      sealedKey: null,
      fromSlot: 1,
    });
  const chain = {
    ...held.ports.chain,
    signatures: () => Promise.reject(held.trouble()),
  } as unknown as Chain;
  await expect(backfill({ ...held.ports, chain }, never)).rejects.toThrow('Internal error');
});

const state = (slot: number, realised: bigint): AccountState => ({
  slot,
  counters: { ...NO_COUNTERS, realised },
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});

/** A ledger in which both subscribers' accounts have a state to be checked at slot 60. */
async function checked(held: Listening) {
  const { ledger, ports, node } = held;
  const sick = new Set<string>();
  const chain = {
    ...ports.chain,
    slices: async (addresses: readonly string[]) => ({
      slot: node.tip,
      accounts: addresses.map((each) => ({ data: Buffer.from(each), lamports: 0n, owner: each })),
    }),
  } as unknown as Chain;
  const venue = {
    ...ports.venues.usual,
    stateOf(_: string, slot: number, account: { owner: string }) {
      if (sick.has(account.owner)) throw new RangeError('User has 4,380 bytes');
      return state(slot, 0n);
    },
  } as unknown as Venue;
  const all = { ...ports, chain, venues: venuesOf([venue]) };
  node.tip = 40;
  const accounts = [accountOf('ana'), accountOf('bo')];
  await beginChecks(all, accounts);
  for (const each of accounts) await ledger.checks.propose(each, state(60, 0n));
  node.tip = 1_000;
  const baselines = async () =>
    (await ledger.checks.find(accounts))
      .sort((a, b) => (a.subscriberId < b.subscriberId ? -1 : 1))
      .map((each) => each.baseline?.slot);
  return { all, sick, baselines };
}

test('one transaction of one account that cannot be read holds up the check of that account, and of no other', async () => {
  await using held = await createListening();
  const { all, baselines } = await checked(held);
  const unread = held.close('ana', 50);
  held.node.histories.set(accountOf('ana'), [row(unread, 50)]);
  held.node.answers.set(unread, () => held.trouble());
  // A webhook body may say that a transaction touches bo.
  await held.told(signatureOf(8), 'bo');
  for (let n = 0; n < 3; n++) {
    await checkAccounts(all, new Map(), never);
    await inspectDue(held.ports, OPTIONS);
  }
  expect(await baselines()).toEqual([40, 60]);
  held.node.answers.delete(unread);
  held.node.closes.set(unread, { id: 'ana', slot: 50, netPnl: 0n });
  held.clock.advance(300_000);
  await inspectDue(held.ports, OPTIONS);
  await checkAccounts(all, new Map(), never);
  expect((await baselines())[0]).toBe(60);
});

test('an account whose bytes cannot be read is set aside, and the others of its batch are checked', async () => {
  await using held = await createListening();
  const { all, sick, baselines } = await checked(held);
  // The first run walks the histories, the second judges.
  for (let n = 0; n < 2; n++) await checkAccounts(all, new Map(), never);
  expect(await baselines()).toEqual([60, 60]);
  sick.add(accountOf('ana'));
  const changed = new Map([accountOf('ana'), accountOf('bo')].map((each) => [each, 900]));
  for (let n = 0; n < 2; n++) await checkAccounts(all, changed, never);
  expect(await baselines()).toEqual([60, 1_000]);
  expect(await held.ledger.asides.list(5)).toMatchObject([
    { kind: 'state', subject: accountOf('ana'), reason: 'User has 4,380 bytes' },
  ]);
  // After the lag bound the gate says `unknown` for this subscriber and for no other, until the
  // state can be read again.
  const { ledger, clock } = held;
  const doubted = async () => (await doubtedBy(ledger, clock.nowMs() - 10_000)).subscribers;
  expect(await doubted()).toEqual([]);
  clock.advance(10_000);
  for (let n = 0; n < 2; n++) await checkAccounts(all, changed, never);
  expect(await doubted()).toEqual(['ana']);
  sick.clear();
  clock.advance(300_000);
  for (let n = 0; n < 2; n++) await checkAccounts(all, changed, never);
  expect(await doubted()).toEqual([]);
});

test('a state that facts explain to the unit is checked without reading the history; others are not', async () => {
  await using held = await createListening();
  const { all, baselines } = await checked(held);
  const asked: string[] = [];
  const chain = {
    ...all.chain,
    signatures: async (account: Address) => {
      asked.push(account);
      return [];
    },
  } as unknown as Chain;
  const tally = (id: string, signature: Signature, realised: bigint) =>
    recordFact(
      held.ledger,
      {
        subscriberId: id,
        account: accountOf(id),
        signature,
        position: { slot: 50, blockIndex: 0, ordinal: 0 },
        body: { ...NO_COUNTERS, kind: 'tally', realised },
      },
      'finalized',
    );
  // Facts explain the state of ana, and not that of bo.
  await tally('ana', signatureOf(31), 0n);
  await tally('bo', signatureOf(32), 5n);
  await checkAccounts({ ...all, chain }, new Map(), never);
  expect(asked).toEqual([accountOf('bo')]);
  expect(await baselines()).toEqual([60, 40]);
});

const bodyOf = (entries: readonly unknown[]): Uint8Array => Buffer.from(JSON.stringify(entries));
const raw = (
  signature: Signature,
  keys: readonly string[],
  more: Record<string, unknown> = {},
) => ({
  transaction: { signatures: [signature], message: { accountKeys: keys } },
  slot: 7,
  ...more,
});
const digest = (held: Listening) => {
  const said: (number | null)[] = [];
  return {
    said,
    run: (reader = 'this', bounds = { webhookBytesMost: 5_000_000, digestBytesMost: 1_000_000 }) =>
      digestDeliveries({
        ...held.ports,
        reader,
        bounds,
        haste: { waitMs: () => 0 },
        onTold: (_, slot) => void said.push(slot),
      }),
  };
};

test('a delivery that cannot be digested is set aside, on record, and the next is read', async () => {
  await using held = await createListening();
  const { ledger, clock } = held;
  await storeSpoiledDelivery(held);
  await ledger.deliveries.record([bodyOf([raw(signatureOf(5), [accountOf('bo')])])], clock.nowMs());
  const { run } = digest(held);
  await run();
  expect((await sightingsIn(held)).map((each) => each.signature)).toEqual([signatureOf(5)]);
  expect(await ledger.asides.list(5)).toMatchObject([{ kind: 'delivery', attempts: 1 }]);
  await run();
  expect((await ledger.asides.list(5))[0]?.attempts).toBe(1);
  clock.advance(1_000);
  await run();
  expect((await ledger.asides.list(5))[0]?.attempts).toBe(2);
});

test('slots and places in the block in a webhook body decide nothing', async () => {
  await using held = await createListening();
  const { ledger, clock } = held;
  const forged = { slot: 9e15, indexWithinBlock: 3_000_000_000 };
  const body = bodyOf([raw(signatureOf(5), [accountOf('bo')], forged)]);
  await ledger.deliveries.record([body], clock.nowMs());
  const { run } = digest(held);
  await run();
  expect(await ledger.asides.list(5)).toEqual([]);
  expect(await sightingsIn(held)).toMatchObject([
    { blockIndex: null, slot: null, namedSlot: null },
  ]);
});

test('a body of 20,000 made-up signatures is digested, and does not delay the others', async () => {
  await using held = await createListening();
  const { ledger, clock } = held;
  const many = Array.from({ length: 20_000 }, (_, index) => {
    const bytes = new Uint8Array(64)
      .fill(3)
      .with(0, index & 255)
      .with(1, index >> 8);
    return raw(base58Text(bytes) as Signature, [accountOf('ana')]);
  });
  await ledger.deliveries.record([bodyOf(many)], clock.nowMs());
  await digest(held).run();
  expect(await ledger.asides.list(5)).toEqual([]);
  expect((await ledger.sightings.backlog()).wanted).toBe(20_000);
  const close = held.close('bo', 10);
  await held.told(close, 'bo');
  const due = await ledger.sightings.claim(clock.nowMs(), 60_000, 500);
  expect(due.map((each) => each.signature)).toContain(close);
  expect(due.length).toBeLessThan(210);
});

test('an enhanced entry names the owners and accounts of what moved, and its slot', () => {
  const who = [1, 2, 3, 4, 5, 6, 7, 8].map(addressOf);
  const entry = readEntry({
    signature: signatureOf(3),
    slot: 77,
    feePayer: who[0],
    accountData: [
      { account: who[1], tokenBalanceChanges: [{ userAccount: who[2], tokenAccount: who[3] }] },
    ],
    tokenTransfers: [{ fromUserAccount: who[4], toTokenAccount: who[5], mint: 'm' }, 'nonsense'],
    nativeTransfers: [{ fromUserAccount: who[6], toUserAccount: who[7] }],
  });
  expect(entry).toMatchObject({ signature: signatureOf(3), slot: 77 });
  expect(new Set(entry?.keys)).toEqual(new Set(who));
});
