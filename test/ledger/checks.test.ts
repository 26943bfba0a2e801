// Checks: profit that account state has proven is never booked a second time, and no state becomes
// a baseline unjudged.
import { expect, test } from 'vitest';
import type { AccountCheck } from '../../src/core/check-ports.ts';
import type { Tally } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import { judge } from '../../src/core/standing.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  addressOf,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
} from '../support/ledger.ts';
import { eventsIn } from '../support/rows.ts';

const state = (slot: number, realised: bigint): AccountState => ({
  slot,
  counters: { ...NO_COUNTERS, realised },
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});

async function withCandidate() {
  const held = await createTestLedger();
  const { ledger, driftAccount, sql } = held;
  const account = { address: driftAccount, subscriberId: 'ana', role: 'drift_user' } as const;
  const found = async (): Promise<AccountCheck> => {
    const [check] = await ledger.checks.find([driftAccount]);
    if (check === undefined) throw new Error('no such account');
    return check;
  };
  await ledger.checks.begin(account, state(5, 0n));
  await ledger.checks.propose(driftAccount, state(50, 100_000n));
  const heard = () => ledger.checks.told(driftAccount, 5, 50);
  return { ...held, sql, found, heard };
}

test('a close that a longer log tells after its profit was reckoned makes no second debt', async () => {
  await using candidate = await withCandidate();
  const { ledger, driftAccount, found, heard } = candidate;
  const close = closeFact(1, 100_000n, { account: driftAccount });
  const unknown = {
    ...close,
    body: { kind: 'unknown', why: 'log_truncated', tradedAt: 1_023 } as const,
  };
  await recordFact(ledger, unknown, 'finalized');
  await ledger.checks.reckon(await found(), 100_000n, await heard());
  await accrueCloses(ledger, silentLog);
  const shares = await ledger.shares.list({ limit: 10 });
  expect(shares.map((each) => each.netPnl)).toEqual([100_000n]);

  const later = { ...close, position: { ...close.position, ordinal: 7 } };
  await recordFact(ledger, later, 'finalized');
  await accrueCloses(ledger, silentLog);
  expect(await ledger.shares.list({ limit: 10 })).toEqual(shares);
});

test('the mints of a token account are kept in its state, and in the sums of its facts', async () => {
  await using candidate = await withCandidate();
  const { ledger, driftAccount: account } = candidate;
  const mints = [
    { mint: addressOf(1), amount: -50n },
    { mint: addressOf(2), amount: 40n },
  ];
  const body = { kind: 'tally', ...NO_COUNTERS, tokens: -10n, mints } as const;
  await recordFact(ledger, { ...closeFact(6, 0n, { account }), body }, 'finalized');
  expect((await ledger.checks.told(account, 5, 50)).told).toMatchObject({ tokens: -10n, mints });
  // However many facts there are, the answer has one sum for each mint.
  await recordFact(ledger, { ...closeFact(7, 0n, { account, slot: 20 }), body }, 'finalized');
  const sums = mints.map((each) => ({ ...each, amount: 2n * each.amount }));
  expect((await ledger.checks.told(account, 5, 50)).told).toMatchObject({ mints: sums });
  const [fact] = await ledger.facts.list({ subscriberId: 'ana', kind: 'tally', limit: 1 });
  expect(fact?.body).toMatchObject({ mints });

  const tokens = {
    address: addressOf(900),
    subscriberId: 'ana',
    role: 'agent_token_account',
  } as const;
  const followed = { subAccountId: null, venue: null, fromSlot: 1, nowMs: 0 };
  await ledger.watchList.adopt({ ...tokens, ...followed });
  await ledger.checks.begin(tokens, { ...state(5, 0n), mint: addressOf(1) });
  const [check] = await ledger.checks.find([tokens.address]);
  expect(check?.baseline?.mint).toBe(addressOf(1));
});

test('amounts that tallies leave open are kept beside the sums of their counters', async () => {
  await using candidate = await withCandidate();
  const { ledger, driftAccount } = candidate;
  const tally = (slot: number, body: Partial<Tally>) => ({
    ...closeFact(slot, 0n, { account: driftAccount }),
    body: { kind: 'tally', ...NO_COUNTERS, ...body } as const,
  });
  await recordFact(ledger, tally(6, { realised: -7n, perhaps: [750n, -4n] }), 'finalized');
  await recordFact(ledger, tally(7, { realised: 5n, untoldFees: 2 }), 'finalized');
  await recordFact(ledger, tally(8, { perhaps: [33n], untoldFees: 1 }), 'finalized');
  // The fact lies beyond the state that is judged.
  await recordFact(ledger, tally(51, { perhaps: [9n], untoldFees: 1 }), 'finalized');
  const { told, perhaps } = await ledger.checks.told(driftAccount, 5, 50);
  expect(told).toEqual({ ...NO_COUNTERS, realised: -2n });
  expect(perhaps.untoldFees).toBe(3);
  expect([...perhaps.amounts].sort((a, b) => Number(a - b))).toEqual([-4n, 33n, 750n]);
  const facts = await ledger.facts.list({ subscriberId: 'ana', kind: 'tally', limit: 10 });
  expect(facts.map(({ body }) => body)).toContainEqual(
    expect.objectContaining({ realised: -7n, perhaps: [750n, -4n] }),
  );
});

test('a reckoning is booked once, by whichever daemon is first', async () => {
  await using candidate = await withCandidate();
  const { ledger, driftAccount, found, heard, sql } = candidate;
  const close = closeFact(1, 100_000n, { account: driftAccount });
  await recordFact(
    ledger,
    { ...close, body: { kind: 'unknown', why: 'log_truncated', tradedAt: 1_023 } },
    'finalized',
  );
  const check = await found();
  const facts = await heard();
  const reckon = () => ledger.checks.reckon(check, 100_000n, facts);
  expect((await Promise.all([reckon(), reckon()])).sort()).toEqual([false, true]);
  expect(await sql`select 1 from fact where kind = 'reckoning'`).toHaveLength(1);
});

test('a daemon that judged an older state does not pass a newer one unseen', async () => {
  await using candidate = await withCandidate();
  const { ledger, driftAccount, found } = candidate;
  const judged = await found();
  await ledger.checks.advance(judged);
  await ledger.checks.propose(driftAccount, state(90, 300_000n));
  await ledger.checks.advance(judged);
  const now = await found();
  expect([now.baseline?.slot, now.candidate?.slot]).toEqual([50, 90]);
});

test('profit hidden behind a cut log counts before the hidden withdrawal that followed it', async () => {
  await using candidate = await withCandidate();
  const { ledger, driftAccount, found, heard } = candidate;
  const traded = closeFact(1, 100_000n, { account: driftAccount });
  const left = closeFact(2, 0n, { account: driftAccount });
  const unknown = (tradedAt: number | null) =>
    ({ kind: 'unknown', why: 'log_truncated', tradedAt }) as const;
  await recordFact(ledger, { ...traded, body: unknown(1_023) }, 'finalized');
  await recordFact(ledger, { ...left, body: unknown(null) }, 'finalized');
  const signed = { owner: null, ofValue: true, consent: 'agent', signers: [] } as const;
  const outflow = {
    kind: 'outflow',
    route: 'withdraw',
    amount: 900n,
    mint: null,
    decimals: null,
  } as const;
  const gone = { ...outflow, destination: null, internal: false, ...signed, usd: null };
  const at = { ...left.position, ordinal: 8 };
  await recordFact(ledger, { ...left, position: at, body: gone }, 'finalized');
  await ledger.checks.reckon(await found(), 100_000n, await heard());
  expect(await ledger.standings.update('ana', judge)).toMatchObject({ standing: 'delinquent' });
});

test('an account whose transactions are not read yet lets the others have their turn', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount: first } = held;
  const second = addressOf(77);
  await ledger.watchList.adopt({
    address: second,
    subscriberId: 'ana',
    subAccountId: 1,
    fromSlot: 1,
    nowMs: 0,
  });
  for (const address of [first, second]) {
    await ledger.checks.begin({ address, subscriberId: 'ana', role: 'drift_user' }, state(5, 0n));
    await ledger.checks.propose(address, state(50, 1n));
  }
  const turns: string[] = [];
  for (let n = 0; n < 4; n++) {
    const due = (await ledger.checks.due(10, 0)).filter((each) => each.candidate !== null);
    turns.push(due[0]?.address ?? '');
    await ledger.checks.wait(due[0]?.address ?? first);
  }
  expect(turns[0]).not.toBe(turns[1]);
  expect(turns.slice(2)).toEqual(turns.slice(0, 2));
});

test('one unreadable transaction of another account, or of nobody, keeps no account from being checked', async () => {
  await using candidate = await withCandidate();
  const { ledger, driftAccount } = candidate;
  const other = addressOf(77);
  const naming = { source: 'backfill', by: 'finalized', nowMs: 0 } as const;
  const row = (n: number, accounts: readonly Address[]) => ({
    signature: signatureOf(n),
    blockIndex: 0,
    slot: 20,
    accounts,
  });
  await ledger.sightings.note([row(500, [other])], naming);
  await ledger.sightings.note([row(501, [])], { ...naming, source: 'webhook', by: 'rumour' });
  const isComplete = async () => (await ledger.checks.told(driftAccount, 5, 50)).complete;
  expect(await isComplete()).toBe(true);
  // One that was noted before the account's history was read is waited for.
  await candidate.sql`update account set cursor_at = now()`;
  expect(await isComplete()).toBe(false);
  await candidate.sql`update sighting set accounts_known = true where signature = ${signatureOf(501)}`;
  expect(await isComplete()).toBe(true);
  // A sighting of the account itself leaves the sums open until it is read.
  await ledger.sightings.note([row(502, [driftAccount])], naming);
  expect(await isComplete()).toBe(false);
});

test('forty accounts that are checked side by side share statements, and each has its own answer', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  const people = Array.from({ length: 40 }, (_, n) => ({
    subscriberId: `s${n}`,
    address: addressOf(100 + n),
    role: 'drift_user' as const,
    profit: BigInt(n),
  }));
  for (const [n, { subscriberId: id, address, profit, ...rest }] of people.entries()) {
    await ledger.subscribers.register({
      id,
      agentWallet: addressOf(300 + n),
      agentTokenAccount: addressOf(400 + n),
      driftAccounts: [{ address, subAccountId: 0 }],
      sealedKey: null,
      fromSlot: 1,
    });
    await ledger.checks.begin({ subscriberId: id, address, ...rest }, state(5, 0n));
    const tally = { kind: 'tally', ...NO_COUNTERS, realised: profit } as const;
    const fact = closeFact(n, 0n, { account: address, subscriberId: id, slot: 20 });
    await recordFact(ledger, { ...fact, body: tally }, 'finalized');
  }
  await Promise.all(
    people.map(({ address, profit }) => ledger.checks.propose(address, state(50, profit))),
  );
  const told = await Promise.all(people.map(({ address }) => ledger.checks.told(address, 5, 50)));
  expect(told.map((each) => each.told.realised)).toEqual(people.map((each) => each.profit));
  expect(told.every((each) => each.complete && each.tallies === 1)).toBe(true);
  const addresses = people.map((each) => each.address);
  const checks = await ledger.checks.find(addresses);
  // One of them was changed by another daemon in the meantime: it alone stays as it is.
  await ledger.checks.discard(addresses[7]!);
  await Promise.all(checks.map((each) => ledger.checks.advance(each)));
  const after = await ledger.checks.find(addresses);
  const slots = new Map(after.map((each) => [each.address, each.baseline?.slot]));
  expect(addresses.map((each) => slots.get(each))).toEqual(
    addresses.map((_, n) => (n === 7 ? 5 : 50)),
  );
  const [row] = await sql<{ n: number }[]>`
    select count(distinct xmin::text)::int as n from account_check where (baseline->>'slot')::int = 50`;
  expect(row?.n).toBeLessThan(4);
});

test('a difference between two states stands only while they are the baseline and the candidate', async () => {
  await using candidate = await withCandidate();
  const { ledger, driftAccount, found } = candidate;
  const compared = await found();
  const nowMs = Date.parse('2026-11-28T00:00:00Z');
  const difference = { ...NO_COUNTERS, realised: -7n };
  const gaps = async () => (await eventsIn(candidate)).filter(({ kind }) => kind === 'account.gap');
  // A second daemon dropped the candidate, and another one was proposed.
  await ledger.checks.discard(driftAccount);
  await ledger.checks.propose(driftAccount, state(55, 100_000n));
  expect(await ledger.checks.gap(compared, difference, nowMs)).toBeNull();
  expect(await ledger.checks.gaps()).toEqual([]);
  // It accounted for everything up to that one.
  await ledger.checks.advance(await found());
  expect(await ledger.checks.gap(compared, difference, nowMs)).toBeNull();
  await ledger.checks.propose(driftAccount, state(60, 100_000n));
  const current = await found();
  expect(await ledger.checks.gap(compared, difference, nowMs)).toBeNull();
  expect([await found(), await ledger.checks.gaps(), await gaps()]).toEqual([current, [], []]);

  expect(await ledger.checks.gap(current, difference, nowMs)).toBe(true);
  await ledger.checks.propose(driftAccount, state(70, 100_000n));
  const later = await found();
  // A person accepted another state in place of the baseline.
  expect(await ledger.checks.accept(driftAccount, state(65, 100_000n))).toBe(true);
  expect(await ledger.checks.gap(later, difference, nowMs)).toBeNull();
  expect(await ledger.checks.gaps()).toEqual([]);
  await ledger.checks.propose(driftAccount, state(80, 100_000n));
  expect(await ledger.checks.gap(await found(), difference, nowMs)).toBe(true);
  await ledger.checks.propose(driftAccount, state(80, 100_000n));
  expect(await ledger.checks.gap(await found(), difference, nowMs)).toBe(false);
  expect(await gaps()).toHaveLength(2);
});

test('accepting the state of an account that has no baseline changes nothing', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  await ledger.sightings.note(
    [{ signature: signatureOf(500), blockIndex: 0, slot: 20, accounts: [driftAccount] }],
    { source: 'backfill', by: 'finalized', nowMs: 0 },
  );
  const failure = { kind: 'state', subject: driftAccount, reason: 'no such form' } as const;
  await ledger.asides.put({ ...failure, nowMs: 0, firstMs: 1_000, mostMs: 1_000 });
  const open = async () => [
    await ledger.asides.of('state'),
    (await ledger.checks.told(driftAccount, 5, 50)).complete,
  ];
  const before = [new Map([[driftAccount, expect.any(Number)]]), false];
  expect(await open()).toEqual(before);
  expect(await ledger.checks.accept(driftAccount, state(50, 0n))).toBe(false);
  expect(await open()).toEqual(before);

  const account = { address: driftAccount, subscriberId: 'ana', role: 'drift_user' } as const;
  await ledger.checks.begin(account, state(5, 0n));
  expect(await ledger.checks.accept(driftAccount, state(50, 0n))).toBe(true);
  expect(await open()).toEqual([new Map(), true]);
  expect(await ledger.checks.accept(driftAccount, state(60, 0n))).toBe(false);
  expect((await ledger.checks.find([driftAccount]))[0]?.baseline?.slot).toBe(50);
});
