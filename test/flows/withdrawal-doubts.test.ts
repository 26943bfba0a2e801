// Withdrawal doubts: the gate ceases to vouch for a debtor as soon as an account shows that value
// left it, before the transaction can be read, in every daemon and every engine; and vouches again
// once the transactions are read and nothing left the subscriber.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import type { Address } from '../../src/core/ids.ts';
import { createRoster } from '../../src/core/roster.ts';
import { judgeSubscribers } from '../../src/flows/standing.ts';
import { createWithdrawalDoubts, VALUE_LEFT } from '../../src/flows/withdrawal-doubts.ts';
import { createGateClient } from '../../src/gate-client/client.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import type { Settings } from '../../src/system/settings.ts';
import { createManualClock } from '../support/clock.ts';
import { leasesIn, sightingsIn } from '../support/heard-rows.ts';
import { addressOf, createTestLedger, signatureOf } from '../support/ledger.ts';
import { LONG } from '../support/long.ts';
import { openStreet, profitableClose, type Street, unscheduled } from '../support/street.ts';

/** The doubts of a daemon about ana, with a ledger in which `note` names transactions. */
async function setUp(isShared = false) {
  const held = await createTestLedger();
  const { ledger } = held;
  const clock = createManualClock();
  const rules = { staleAfterMs: 1e12, failOpen: false, outstandingMost: null, owedForMsMost: null };
  const roster = createRoster(rules);
  await ledger.standings.roster((entries) => roster.hydrate(entries));
  roster.observe(1, clock.nowMs());
  const account = addressOf(1);
  const [sent, told]: [string[], string[]] = [[], []];
  const map = new Map([
    [account, { address: account, subscriberId: 'ana', role: 'agent_wallet' } as const],
  ]);
  const state = {
    told: [] as { address: string; slot: number }[],
    paying: [] as string[],
    cannotAsk: false,
    pending: true,
    judged: 0,
    whileJudging: () => {},
  };
  const doubts = createWithdrawalDoubts({
    ledger,
    roster,
    publisher: { doubt: (id) => void sent.push(id) },
    watched: { map },
    watch: { isPending: () => state.pending },
    async judge(ids) {
      state.judged += ids.length;
      state.whileJudging();
      await judgeSubscribers(ledger, roster, silentLog, ids);
    },
    async elsewhere() {
      if (state.cannotAsk) throw new Error('the ledger is away');
      return { told: state.told, paying: new Set(state.paying) };
    },
    tell: isShared ? async (id) => void told.push(id) : null,
    clock,
    log: silentLog,
  });
  const note = (n: number) =>
    ledger.sightings.note(
      [{ signature: signatureOf(n), slot: 5, blockIndex: 0, accounts: [account] }],
      {
        source: 'watch',
        by: 'confirmed',
        nowMs: clock.nowMs(),
        listedRevision: 0,
      },
    );
  const read = (n: number) =>
    ledger.sightings.record({
      signature: signatureOf(n),
      slot: 5,
      blockIndex: 0,
      finality: 'confirmed',
      facts: [],
      dueMs: clock.nowMs(),
      nowMs: clock.nowMs(),
    } as never);
  const verdict = () => roster.decide('ana', 'open', clock.nowMs());
  const close = () => held[Symbol.asyncDispose]();
  return {
    doubts,
    account,
    map,
    state,
    sent,
    told,
    clock,
    note,
    read,
    verdict,
    [Symbol.asyncDispose]: close,
  };
}

test('a doubt begins at once, and lasts until its change is searched, its transactions read and the subscriber judged', async () => {
  await using t = await setUp();
  const { doubts, state, account } = t;
  expect(t.verdict().verdict).toBe('allow');
  await Promise.all([doubts.begin(account, 5), doubts.begin(account, 5)]);
  expect([t.verdict(), t.sent]).toMatchObject([{ verdict: 'unknown', ...VALUE_LEFT }, ['ana']]);
  await doubts.round();
  state.pending = false;
  await t.note(1);
  await doubts.round();
  expect([[...doubts.why()], state.judged]).toEqual([[['ana', VALUE_LEFT]], 0]);
  await t.read(1);
  // Value leaves again while the subscriber is judged: that doubt is a new one.
  state.whileJudging = () => void doubts.begin(account, 6);
  await doubts.round();
  expect([doubts.why().size, state.judged]).toEqual([1, 1]);
  state.whileJudging = () => {};
  await doubts.round();
  expect([doubts.why().size, state.judged]).toEqual([0, 2]);
});

test('no doubt begins where another daemon pays, or has read the transaction; one begins where that cannot be asked', async () => {
  await using t = await setUp();
  t.state.paying = ['ana'];
  await t.doubts.begin(t.account, 5);
  t.state.paying = ['bo'];
  t.state.told = [{ address: t.account, slot: 5 }];
  await t.doubts.begin(t.account, 5);
  expect([t.doubts.why().size, t.sent]).toEqual([0, []]);
  t.state.cannotAsk = true;
  await t.doubts.begin(t.account, 5);
  expect([t.doubts.why().size, t.sent]).toEqual([1, ['ana']]);
});

test('an account that is not watched begins no doubt, and the doubt about a subscriber who has left ends', async () => {
  await using t = await setUp();
  await t.doubts.begin('another' as Address, 5);
  expect([t.doubts.why().size, t.sent]).toEqual([0, []]);
  await t.doubts.begin(t.account, 5);
  t.map.delete(t.account);
  await t.doubts.round();
  expect([t.doubts.why().size, t.state.judged]).toEqual([0, 0]);
});

test('a doubt is told to other daemons while it lasts, where they share the hearing; theirs lasts 3 s longer', async () => {
  await using t = await setUp(true);
  await t.doubts.begin(t.account, 5);
  await t.doubts.round();
  await t.doubts.round();
  expect(t.told).toEqual(['ana', 'ana', 'ana']);
  // The daemon hears what it has told itself.
  t.doubts.told('ana');
  t.state.pending = false;
  await t.doubts.round();
  expect(t.doubts.why().size).toBe(0);

  await using other = await setUp();
  other.doubts.told('ana');
  expect([other.verdict().verdict, other.sent]).toEqual(['unknown', ['ana']]);
  other.clock.advance(2_000);
  other.doubts.told('ana');
  other.clock.advance(2_999);
  await other.doubts.round();
  expect([other.doubts.why().size, other.sent]).toEqual([1, ['ana']]);
  other.clock.advance(1);
  await other.doubts.round();
  expect(other.doubts.why().size).toBe(0);
});

/**
 * A street on which ana owes a share that cannot be paid, because her agent has no SOL. `opened` is
 * called before ana comes.
 */
async function withDebtor(
  settings: (given: Settings) => Settings = (given) => given,
  opened: (street: Street) => Promise<void> = async () => {},
) {
  const street = await openStreet({ settings: (given) => settings(unscheduled()(given)) });
  await opened(street);
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(street.driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  await street.verdict('ana', 'allow');
  return { street, trader };
}
const blind = ({ world }: Street, isBlind: boolean): void => {
  if (isBlind) world.mischief.failing.set('getTransaction', 1_000_000);
  else world.mischief.failing.clear();
};

test.runIf(LONG)(
  'a debtor is not allowed while its withdrawal cannot be read, in no daemon and no engine',
  async () => {
    const shared = (given: Settings): Settings => ({
      ...given,
      watch: { ...given.watch, share: true },
    });
    let second: App | null = null;
    const { street, trader } = await withDebtor(shared, async (opened) => {
      const secrets = { ...opened.settings.secrets, heliusApiKey: null };
      second = await startApp({ ...opened.settings, secrets }, systemClock, silentLog);
    });
    await using _ = street;
    const other = second as unknown as App;
    const urls = [street.app().url, other.url];
    const gates = urls.map((url) => createGateClient({ url }));
    const asked = async () => [
      ...gates.map((gate) => gate.decide('ana', 'open')),
      ...(await Promise.all(
        urls.map(async (url) => (await fetch(`${url}/v1/gate/ana`)).json() as Promise<unknown>),
      )),
    ];
    try {
      await Promise.all(gates.map((gate) => gate.ready()));
      // One of the two hears ana's accounts.
      const heldBy = async () => {
        const leases = await leasesIn(street.database);
        return Map.groupBy(leases, (lease) => lease.daemonId).size;
      };
      await expect.poll(heldBy).toBe(2);
      const each = (answer: object) =>
        Array.from({ length: 4 }, () => expect.objectContaining(answer));
      await expect.poll(asked).toEqual(each({ verdict: 'allow' }));
      blind(street, true);
      street.driver.withdrawTo(trader, Keypair.generate().publicKey, 10_000_000n);
      await expect.poll(asked).toEqual(each({ verdict: 'unknown', allow: false, ...VALUE_LEFT }));
      // Beats do not end it.
      const slots = () => gates.map((gate) => gate.decide('ana', 'open').asOfSlot ?? 0);
      const before = Math.max(...slots());
      await expect.poll(() => Math.min(...slots())).toBeGreaterThan(before);
      expect(await asked()).toEqual(each({ verdict: 'unknown', ...VALUE_LEFT }));
    } finally {
      for (const gate of gates) gate.close();
      await other.close();
    }
  },
);

test('a debtor who moves collateral to its own token account is allowed again', async () => {
  const { street, trader } = await withDebtor();
  await using _ = street;
  blind(street, true);
  street.driver.withdrawTo(trader, trader.agent.publicKey, 10_000_000n);
  expect((await street.verdict('ana', 'unknown')).reason).toBe(VALUE_LEFT.reason);
  blind(street, false);
  expect((await street.verdict('ana', 'allow')).standing).toBe('good');
});

test('a subscriber who owes nothing is allowed while its withdrawal cannot be read', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await street.verdict('ana', 'allow');
  blind(street, true);
  const { signature } = driver.withdrawTo(trader, Keypair.generate().publicKey, 10_000_000n);
  const noted = async () => (await sightingsIn(street.database)).map((each) => each.signature);
  await expect.poll(noted).toContain(signature);
  const asked = await Promise.all(
    Array.from({ length: 20 }, async () => (await street.gate('ana')).verdict),
  );
  expect(new Set(asked)).toEqual(new Set(['allow']));
});
