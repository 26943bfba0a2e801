// Late close: a close that is heard after account state has told its profit is charged once, by the
// flows that read transactions and compare account state.
import { expect, test } from 'vitest';
import type { Chain, ChainAccount } from '../../src/core/chain-ports.ts';
import type { Fact } from '../../src/core/fact.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { type AccountState, blankState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { type Venue, venuesOf } from '../../src/core/venue.ts';
import { checkAccounts } from '../../src/flows/account-checks.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { factsIn } from '../support/heard-rows.ts';
import { inspectDue } from '../support/inspect-due.ts';
import { recordFact, signatureOf } from '../support/ledger.ts';
import { accountOf, createListening, OPTIONS } from '../support/listening.ts';

const never = new AbortController().signal;
const ANA = accountOf('ana');
const USDC = 1_000_000n;
const SLOT = 50;

const state = (slot: number, realised = 0n): AccountState => ({
  ...blankState(slot),
  counters: { ...NO_COUNTERS, realised },
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
});
const cut: Fact = {
  subscriberId: 'ana',
  account: ANA,
  signature: signatureOf(45),
  position: { slot: 45, blockIndex: 0, ordinal: 1_000_000 },
  body: { kind: 'unknown', why: 'log_truncated', tradedAt: 1_023 },
};

/**
 * Ana's account, which realised 90 USDC between slots 40 and 90: 60 of it behind a cut log, and 30
 * in a close of slot 50 of which no source has told so far. `told` wraps what the check reads.
 */
async function world(told: (held: Ledger) => Ledger['checks'] = (ledger) => ledger.checks) {
  const held = await createListening(['ana']);
  const { ledger, ports, clock } = held;
  const chain = {
    ...ports.chain,
    slices: async () => ({ slot: 90, accounts: [{ lamports: 0n } as ChainAccount] }),
  } as unknown as Chain;
  const venue = {
    ...ports.venues.usual,
    hear(...given: Parameters<Venue['hear']>) {
      const heard = ports.venues.usual.hear(...given);
      const tallies = heard.facts.flatMap((fact): Fact[] =>
        fact.body.kind === 'close'
          ? [
              {
                ...fact,
                position: { ...fact.position, ordinal: 2_000_000_000 },
                body: { kind: 'tally', ...NO_COUNTERS, realised: fact.body.netPnl },
              },
            ]
          : [],
      );
      return { ...heard, facts: [...heard.facts, ...tallies] };
    },
    stateOf: (role: string) => (role === 'drift_user' ? state(90, 90n * USDC) : null),
    perpPrices: async () => new Map(),
  } as unknown as Venue;
  const venues = venuesOf([venue]);
  await ledger.checks.begin({ address: ANA, subscriberId: 'ana', role: 'drift_user' }, state(40));
  const naming = { source: 'backfill', by: 'finalized', nowMs: 0 } as const;
  await ledger.watchList.scanned(ANA, { from: 0, upto: 2_000 }, [], naming);
  await recordFact(ledger, cut, 'finalized');
  const late = held.close('ana', SLOT, 30n * USDC);
  return {
    ...held,
    late,
    async hearLate() {
      await held.named(late, 'ana', 'finalized', SLOT);
      clock.advance(60_000);
      await inspectDue({ ...ports, chain, venues }, OPTIONS);
    },
    async checked(rounds = 3): Promise<void> {
      const all = { ...ports, chain, venues, ledger: { ...ledger, checks: told(ledger) } };
      for (let n = 0; n < rounds; n++) await checkAccounts(all, new Map(), never);
      await accrueCloses(ledger, silentLog);
    },
    owed: async () =>
      (await ledger.shares.list({ limit: 10 })).map((each) => [each.slot, each.amount]),
    logged: (name: string) =>
      held.events.filter(({ event }) => event === name).map(({ fields }) => fields),
    kinds: async () => (await factsIn(held)).map(({ slot, body }) => `${slot} ${body.kind}`),
  };
}

test('after its profit was reckoned and booked, it owes nothing more, and the operator is told', async () => {
  await using held = await world();
  await held.checked();
  expect(await held.owed()).toEqual([[45, 9n * USDC]]);
  await held.hearLate();
  await held.checked();
  expect(await held.owed()).toEqual([[45, 9n * USDC]]);
  expect(await held.kinds()).toEqual(['45 reckoning', '45 unknown', '50 unknown']);
  expect(held.logged('account.late')).toEqual([
    {
      account: ANA,
      signature: held.late,
      slot: SLOT,
      netPnl: 30n * USDC,
      realised: 30n * USDC,
    },
  ]);
  expect(await held.ledger.checks.gaps()).toEqual([]);
  expect((await held.ledger.checks.find([ANA]))[0]?.baseline?.slot).toBe(90);
});

test('while its profit is reckoned by another daemon, the account is judged anew', async () => {
  let meanwhile: (() => Promise<void>) | null = null;
  await using held = await world(({ checks }) => ({
    ...checks,
    async told(...given) {
      const found = await checks.told(...given);
      const act = meanwhile;
      meanwhile = null;
      await act?.();
      return found;
    },
  }));
  meanwhile = held.hearLate;
  await held.checked();
  expect(await held.owed()).toEqual([
    [50, 3n * USDC],
    [45, 6n * USDC],
  ]);
  expect(held.logged('account.reckoned')).toMatchObject([{ netPnl: 60n * USDC }]);
  expect(held.logged('account.late')).toEqual([]);
});
