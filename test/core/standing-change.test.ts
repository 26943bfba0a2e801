// Standing change: what a verdict changes in a saved standing, and the event of it.
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import type { RosterEntry } from '../../src/core/roster-entry.ts';
import type { Standing } from '../../src/core/standing.ts';
import { standingEvents, verdictOn } from '../../src/core/standing-change.ts';
import { USDC } from '../../src/core/token.ts';

const entry = (change: Partial<RosterEntry> = {}): RosterEntry => ({
  subscriberId: 'ana',
  agentWallet: 'agent',
  standing: 'good',
  outstanding: 0n,
  owed: [],
  owedSinceMs: null,
  reason: null,
  evidence: null,
  revision: 1n,
  ...change,
});
const owes = (amount: bigint) => ({
  outstanding: amount,
  owed: amount === 0n ? [] : [{ ...USDC, amount }],
});
const good = (amount: bigint): Standing => ({ standing: 'good', ...owes(amount) });
const delinquent = (amount: bigint): Standing => ({
  standing: 'delinquent',
  reason: 'Withdrew.',
  ...owes(amount),
  evidence: { signature: 's' as Signature, slot: 1, amount: 9n, what: '9', owedThen: amount },
});

test('a verdict that says what was saved changes nothing', () => {
  expect(verdictOn(entry(owes(5n)), good(5n))).toBeNull();
  const { owed, ...before } = entry(owes(5n));
  expect(verdictOn(before, good(5n))).toBeNull();
});

test('another amount, token, standing or reason is a change', () => {
  const other = { ...USDC, mint: 'other' as (typeof USDC)['mint'] };
  expect(verdictOn(entry(owes(5n)), good(6n))).toMatchObject(owes(6n));
  expect(
    verdictOn(entry({ outstanding: 5n, owed: [{ ...other, amount: 5n }] }), good(5n)),
  ).toMatchObject(owes(5n));
  const two = entry({ outstanding: 5n, owed: [...owes(5n).owed, { ...other, amount: 0n }] });
  expect(verdictOn(two, good(5n))).toMatchObject(owes(5n));
  expect(verdictOn(entry(owes(5n)), { ...good(5n), owed: two.owed ?? [] })).not.toBeNull();
  expect(verdictOn(entry({ outstanding: 5n, owed: owes(4n).owed }), good(5n))).not.toBeNull();
  // Of two tokens one is owed as before, and the other is not.
  expect(
    verdictOn(two, { ...good(5n), owed: [...owes(5n).owed, { ...other, amount: 1n }] }),
  ).not.toBeNull();
  expect(verdictOn(entry({ outstanding: 4n, owed: owes(5n).owed }), good(5n))).not.toBeNull();
  expect(verdictOn(entry({ ...owes(5n), standing: 'delinquent' }), good(5n))).toMatchObject({
    standing: 'good',
  });
  const saved = entry({ ...owes(5n), standing: 'delinquent', reason: 'Withdrew more.' });
  expect(verdictOn(saved, delinquent(5n))).toMatchObject({ reason: 'Withdrew.' });
  expect(verdictOn(saved, good(5n))).toMatchObject({ reason: null, evidence: null });
});

test('the time since which something is owed ends with the debt', () => {
  const saved = entry({ ...owes(5n), owedSinceMs: 7 });
  expect(verdictOn(saved, good(4n))?.owedSinceMs).toBe(7);
  expect(verdictOn(saved, good(0n))?.owedSinceMs).toBeNull();
});

test('becoming delinquent is told, and being so no more; a retired subscriber has no event', () => {
  const kinds = (before: RosterEntry['standing'], verdict: Standing) =>
    standingEvents(entry({ standing: before }), verdict, 2n).map(({ kind }) => kind);
  expect(kinds('good', delinquent(5n))).toEqual(['subscriber.delinquent']);
  expect(kinds('delinquent', delinquent(4n))).toEqual([]);
  expect(kinds('delinquent', good(0n))).toEqual(['subscriber.cleared']);
  expect(kinds('good', good(3n))).toEqual([]);
  expect(kinds('retired', delinquent(5n))).toEqual([]);
});

test('an event has what is owed and the revision, and of a runaway the reason and the evidence', () => {
  const { standing: _, ...runaway } = delinquent(5n);
  expect(standingEvents(entry(), delinquent(5n), 2n)[0]?.body).toEqual({
    ...runaway,
    revision: 2n,
  });
  const cleared = standingEvents(entry({ standing: 'delinquent' }), good(0n), 3n);
  expect(cleared[0]?.body).toEqual({ ...owes(0n), revision: 3n });
});
