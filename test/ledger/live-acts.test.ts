// Live acts: an act whose handler works for longer than a minute is not taken over, by this daemon
// or another one, until it has ended or never will; and a refusal never replaces a success.
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { NewAct } from '../../src/core/act.ts';
import { keepLive } from '../../src/flows/live-acts.ts';
import { createActs } from '../../src/ledger/acts.ts';
import { createDatabase } from '../support/database.ts';
import { ageAct } from '../support/haste.ts';

const database = await createDatabase();
afterAll(() => database[Symbol.asyncDispose]());
const ledger = createActs(database.sql);
let key = 0;
beforeEach(() => {
  key++;
});
const act = (fingerprint = 1): NewAct => ({
  actor: 'configured',
  person: null,
  what: 'POST /v1/shares/:id/void',
  asked: {},
  once: { key: `k${key}`, fingerprint: new Uint8Array([fingerprint]) },
});
const begun = async (acts: Pick<typeof ledger, 'begin'>) => {
  const told = await acts.begin(act());
  if (told.kind !== 'begun') throw new Error(told.kind);
  return told;
};
const aged = () => ageAct(database, `k${key}`, 61);
const last = async () => (await ledger.list({ limit: 1 }))[0];

test('a success stays on record, with its answer, whatever a repetition is answered', async () => {
  const first = await begun(ledger);
  await aged();
  expect(await begun(ledger)).toEqual(first);
  await ledger.end(first, 200, '{"status":"voided"}', 0);
  await ledger.end(first, 409, null, 0);
  expect(await last()).toMatchObject({ status: 200 });
  expect(await ledger.begin(act())).toEqual({
    kind: 'done',
    status: 200,
    answer: '{"status":"voided"}',
  });
});

test('a success replaces the refusal of a repetition, and the first success stays', async () => {
  const first = await begun(ledger);
  await ledger.end(first, 409, null, 0);
  await ledger.end(first, 500, null, 0);
  expect(await last()).toMatchObject({ status: 409 });
  await ledger.end(first, 200, null, 0);
  await ledger.end(first, 201, null, 0);
  expect(await last()).toMatchObject({ status: 200 });
});

test('an act whose handler is at work is running for this daemon, and once renewed for others', async () => {
  let nowMs = 0;
  const { acts, renew } = keepLive(ledger, () => nowMs);
  const first = await begun(acts);
  await aged();
  expect(await acts.begin(act())).toEqual({ kind: 'running' });
  expect(await acts.begin(act(2))).toEqual({ kind: 'other' });
  // The same key of another caller is another request.
  expect(await acts.begin({ ...act(), actor: 'another' })).toMatchObject({ kind: 'begun' });
  nowMs = 14_999;
  await renew();
  const before = await last();
  nowMs = 15_000;
  await renew();
  expect((await last())?.atMs).toBeGreaterThan(before?.atMs ?? 0);
  expect(await ledger.begin(act())).toEqual({ kind: 'running' });
  await acts.end(first, 200, '', 0);
  await renew();
  expect(await acts.begin(act())).toEqual({ kind: 'done', status: 200, answer: '' });
});

test('an act whose end Postgres did not take, or that never ends, is begun again', async () => {
  let nowMs = 0;
  const failing = { ...ledger, end: () => Promise.reject(new Error('no connection')) };
  const { acts, renew } = keepLive(failing, () => nowMs);
  const first = await begun(acts);
  await expect(acts.end(first, 200, '', 0)).rejects.toThrow('no connection');
  await aged();
  expect(await begun(acts)).toEqual(first);
  await aged();
  expect(await acts.begin(act())).toEqual({ kind: 'running' });
  nowMs = 900_000;
  await renew();
  expect(await begun(acts)).toEqual(first);
});
