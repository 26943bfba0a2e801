// Unread: a transaction that an account's history names and that no node gives keeps its subscriber
// in doubt until state or balances show that nothing is missing, or a person accepts it; its profit
// is owed.
import { describe, expect, test } from 'vitest';
import type { Chain, ChainAccount, SignatureRow } from '../../src/core/chain-ports.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { type AccountState, blankState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { UNREADABLE } from '../../src/core/unread.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { createAccept } from '../../src/flows/accepted-changes.ts';
import { checkAccounts } from '../../src/flows/account-checks.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { doubtedBy } from '../../src/flows/gate-doubts.ts';
import { createUnread } from '../../src/flows/unread.ts';
import { silentLog } from '../../src/system/log.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { factsIn } from '../support/heard-rows.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';
import { accountOf, createListening, OPTIONS } from '../support/listening.ts';

const never = new AbortController().signal;
const ANA = accountOf('ana');
const WALLET = addressOf(101);
const USDC = 1_000_000n;
const LAG_MS = 10_000;
const SLOT = 50;

const state = (
  slot: number,
  counters: Partial<typeof NO_COUNTERS> = {},
  quoteFlow = 0n,
): AccountState => ({
  ...blankState(slot),
  counters: { ...NO_COUNTERS, ...counters },
  hints: { exists: true, delegate: '', quoteFlow, isolated: 0n },
  quote: { scaled: 1_000n * USDC, unsettled: 0n, alone: true },
});

/**
 * Ana's accounts, and a transaction in slot 50 that her histories name and of which every node says
 * the same for ever.
 */
async function world(now: { state: AccountState; lamports?: bigint }, touches: Address[] = [ANA]) {
  const held = await createListening(['ana', 'bo']);
  const { ledger, ports, node, clock } = held;
  const transactions = new Map<Signature, Pick<ChainTransaction, 'slot' | 'lamports'>>();
  const chain = {
    ...ports.chain,
    slices: async () => ({
      slot: now.state.slot,
      accounts: [{ lamports: now.lamports ?? 0n } as ChainAccount],
    }),
    async transaction(signature: Signature, commitment: 'confirmed' | 'finalized') {
      const known = transactions.get(signature);
      if (known === undefined) return ports.chain.transaction(signature, commitment);
      return { keys: [addressOf(999), WALLET], ...known } as unknown as ChainTransaction;
    },
  } as unknown as Chain;
  const venue = {
    ...ports.venues.usual,
    quoteMint: QUOTE_MINT,
    stateOf: (role: string) => (role === 'agent_wallet' ? null : now.state),
  } as unknown as Venue;
  const all = { ...ports, chain, venues: venuesOf([venue]) };
  const account = { address: ANA, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, state(40));
  const naming = { source: 'backfill', by: 'finalized', nowMs: 0 } as const;
  await ledger.watchList.scanned(ANA, { from: 0, upto: 2_000 }, [], naming);
  node.tip = 1_000;
  const lost = held.close('ana', SLOT, 30n * USDC);
  node.answers.set(lost, () => null);
  for (const address of touches) {
    const rumour = { signature: lost, blockIndex: 0, accounts: [address], slot: SLOT };
    await ledger.sightings.note([rumour], {
      source: 'backfill',
      by: 'finalized',
      nowMs: clock.nowMs(),
    });
  }
  const prove = createUnread(all);
  const inspect = () => inspectDue({ ...ports, chain }, OPTIONS);
  const row = (signature: Signature, slot: number): SignatureRow => ({
    signature,
    slot,
    blockIndex: null,
    memo: null,
    failed: false,
  });
  return {
    ...held,
    lost,
    inspect,
    row,
    wallet: (rows: readonly SignatureRow[]) => node.histories.set(WALLET, rows),
    held: (signature: Signature, slot: number, before: bigint, after: bigint) =>
      transactions.set(signature, {
        slot,
        lamports: { before: [0n, before], after: [0n, after] },
      }),
    accept: createAccept(all),
    /** Asked for often enough, and for long enough. */
    async waited(): Promise<void> {
      for (let n = 0; n < UNREADABLE.tries; n++) {
        await inspect();
        clock.advance(UNREADABLE.afterMs / 4);
      }
    },
    async checked(): Promise<void> {
      for (let n = 0; n < 3; n++) await checkAccounts(all, new Map(), never);
      await prove(never);
      await accrueCloses(ledger, silentLog);
    },
    doubted: async () => (await doubtedBy(ledger, clock.nowMs() - LAG_MS)).subscribers,
    owed: async () => (await ledger.shares.list({ limit: 10 })).map((each) => each.amount),
    kinds: async () =>
      (await factsIn(held)).map(({ body, finality }) => `${body.kind} ${finality}`),
  };
}

describe('a transaction that no node gives', () => {
  test('ends by itself once the state of the account shows that nothing is missing, and is asked for all the same', async () => {
    await using held = await world({ state: state(90) });
    await held.inspect();
    held.clock.advance(LAG_MS);
    await held.checked();
    expect(await held.doubted()).toEqual(['ana']);
    await held.waited();
    expect(await held.ledger.unread.list(held.clock.nowMs(), 10)).toMatchObject([
      { signature: held.lost, address: ANA, subscriberId: 'ana', slot: SLOT },
    ]);
    const wallets = held.ledger.unread.list(held.clock.nowMs(), 10, 'agent_wallet');
    expect(await wallets).toEqual([]);
    expect(await held.ledger.asides.list(5)).toHaveLength(1);
    await held.checked();
    expect(await held.doubted()).toEqual([]);
    expect(await held.ledger.asides.list(5)).toEqual([]);
    expect((await held.ledger.checks.find([ANA]))[0]?.baseline?.slot).toBe(90);
    // No alarm is raised of it again, and what it was is recorded when a node gives it after all.
    for (let n = 0; n < 8; n++) {
      held.clock.advance(300_000);
      await held.inspect();
    }
    expect(await held.ledger.asides.list(5)).toEqual([]);
    held.node.answers.delete(held.lost);
    held.clock.advance(300_000);
    await held.inspect();
    expect(await held.kinds()).toEqual(['close finalized']);
  });

  test('owes what the state says that it realised, once, also when a node gives it later', async () => {
    await using held = await world({ state: state(90, { realised: 30n * USDC }) });
    await held.waited();
    await held.checked();
    expect(await held.owed()).toEqual([3n * USDC]);
    expect(await held.doubted()).toEqual([]);
    expect(await held.ledger.checks.gaps()).toEqual([]);
    held.node.answers.delete(held.lost);
    held.clock.advance(300_000);
    await held.inspect();
    await held.checked();
    expect(await held.owed()).toEqual([3n * USDC]);
    expect(await held.kinds()).toEqual(['reckoning finalized', 'unknown finalized']);
  });

  test('in which something left Drift is a gap with its size, until a person accepts the state', async () => {
    await using held = await world({ state: state(90, { withdraws: 500n * USDC }) });
    await held.waited();
    await held.checked();
    expect(await held.ledger.checks.gaps()).toMatchObject([
      { address: ANA, difference: { withdraws: 500n * USDC } },
    ]);
    expect(await held.doubted()).toContain('ana');
    await held.accept(ANA, 'a withdrawal that the platform made');
    expect(await held.doubted()).toEqual([]);
    await expect(held.accept(ANA, 'again')).rejects.toThrow(
      'has no gap and nothing else to accept',
    );
  });

  test('that may have swapped ends only by a person, because no counter shows a swap', async () => {
    await using held = await world({ state: state(90, {}, -400n * USDC) });
    await held.waited();
    await held.checked();
    expect(await held.doubted()).toEqual(['ana']);
    expect(await held.ledger.checks.gaps()).toEqual([]);
    await held.accept(held.lost, 'looked at it in an explorer');
    expect(await held.doubted()).toEqual([]);
    expect(await held.ledger.asides.list(5)).toEqual([]);
    await expect(held.accept(signatureOf(77), 'no such')).rejects.toThrow('waits to be read');
  });

  test('that a node gives at confirmed alone is final when it stands in the slot of the finalized history', async () => {
    await using held = await world({ state: state(90) });
    held.node.answers.set(held.lost, (commitment) => (commitment === 'confirmed' ? 'whole' : null));
    await held.inspect();
    expect(await held.kinds()).toEqual([]);
    await held.waited();
    await held.inspect();
    expect(await held.kinds()).toEqual(['close finalized']);
  });
});

describe('a wallet that it touches', () => {
  const [before, after] = [signatureOf(11), signatureOf(12)];
  const SOL = 1_000_000_000n;
  const touching = () => world({ state: state(90), lamports: 5n * SOL }, [ANA, WALLET]);

  test('is whole when the transactions around it show that no more than a fee is missing', async () => {
    await using held = await touching();
    await held.waited();
    held.wallet([held.row(before, 45), held.row(held.lost, SLOT), held.row(after, 60)]);
    held.held(before, 45, 9n * SOL, 8n * SOL);
    held.held(after, 60, 8n * SOL - 5_000n, 2n * SOL);
    await held.checked();
    expect(await held.doubted()).toEqual([]);
  });

  test('keeps its subscriber in doubt when SOL is missing, and when nothing shows that none is', async () => {
    await using held = await touching();
    await held.waited();
    held.wallet([held.row(before, 45), held.row(held.lost, SLOT), held.row(after, 60)]);
    held.held(before, 45, 9n * SOL, 8n * SOL);
    held.held(after, 60, 7n * SOL, 7n * SOL);
    await held.checked();
    expect(await held.doubted()).toEqual(['ana']);
    // Nothing before it is known.
    held.wallet([held.row(held.lost, SLOT)]);
    held.clock.advance(300_000);
    await held.checked();
    expect(await held.doubted()).toEqual(['ana']);
    await held.accept(held.lost, 'rent of a stake account');
    expect(await held.doubted()).toEqual([]);
  });

  test('is asked as it is now where nothing came after it, and across others that no node gives', async () => {
    await using held = await touching();
    const other = held.close('ana', 55, 0n);
    held.node.answers.set(other, () => null);
    const rumour = { signature: other, blockIndex: 0, accounts: [WALLET], slot: 55 };
    await held.ledger.sightings.note([rumour], {
      source: 'backfill',
      by: 'finalized',
      nowMs: held.clock.nowMs(),
    });
    await held.waited();
    held.wallet([held.row(before, 45), held.row(held.lost, SLOT), held.row(other, 55)]);
    held.held(before, 45, 6n * SOL, 5n * SOL);
    await held.checked();
    expect(await held.doubted()).toEqual([]);
  });
});
