// Webhook check: our webhooks at a local Helius, through helius-sdk: spread over several, merged,
// switched on again with the missed time backfilled, and silence reported once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWebhookRegistry, spreadAddresses } from '../../src/chain/helius.ts';
import { heliusFault } from '../../src/chain/helius-calls.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Log } from '../../src/core/ports.ts';
import { createKeeper, isSilent } from '../../src/flows/webhook-check.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createLocks } from '../../src/ledger/locks.ts';
import { createWebhookIds } from '../../src/ledger/webhook-ids.ts';
import { type LocalHelius, serveHelius } from '../../src/local/helius.ts';
import { createWorld } from '../../src/local/world.ts';
import { createManualClock } from '../support/clock.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { signatureOf } from '../support/ledger.ts';
import { someone } from '../support/made-transaction.ts';

const clock = createManualClock();
const events: string[] = [];
const note = (event: string) => void events.push(event);
const log: Log = { debug: note, info: note, warn: note, error: note };
let helius: LocalHelius;
let database: TestDatabase;
beforeAll(async () => {
  const world = createWorld({ programFile: null, clock });
  helius = await serveHelius(world.cluster, { apiKey: 'key', clock });
  database = await createDatabase();
});
afterAll(async () => {
  await helius.close();
  await database[Symbol.asyncDispose]();
});

const registryOf = (secret = 'Bearer s') =>
  createWebhookRegistry({
    apiKey: 'key',
    apiUrl: helius.apiUrl,
    webhookUrl: 'http://127.0.0.1:9/hook',
    secret,
    addressesMost: 4,
    alone: (work) =>
      createLocks(() => openDatabase(database.url, log, 1)).exclusively('helius', work),
    ids: createWebhookIds(database.sql),
    log,
  });
const many = Array.from({ length: 10 }, someone) as Address[];
const held = () => [...helius.webhooks.values()].map((each) => each.accountAddresses);

test('more addresses than one webhook takes are spread; what is held stays where it is', async () => {
  await registryOf().ensure(many.slice(0, 3));
  const [first] = held();
  await registryOf().ensure(many);
  expect(held().map((each) => each.length)).toEqual([4, 4, 2]);
  expect(held()[0]?.slice(0, 3)).toEqual(first);
  expect(new Set(held().flat())).toEqual(new Set(many));
  expect(spreadAddresses([['a', 'b']], ['b', 'c', 'c'], 2)).toEqual([['a', 'b'], ['c']]);
});

test('two daemons that write at once lose nobody', async () => {
  const [one, two] = [someone(), someone()];
  await Promise.all([registryOf().ensure([one]), registryOf().ensure([two])]);
  expect(held().flat()).toEqual(expect.arrayContaining([...many, one, two]));
});

test('a changed secret is written to every webhook', async () => {
  await registryOf('Bearer rotated').ensure([]);
  expect([...helius.webhooks.values()].map((each) => each.authHeader)).toEqual(
    held().map(() => 'Bearer rotated'),
  );
});

test('a webhook that was switched off is switched on, and its hole is filled; silence is alarmed once', async () => {
  const ledger = createLedger(database.sql);
  let holes = 0;
  const webhooks = registryOf('Bearer rotated');
  const keep = createKeeper({ ledger, clock, log, onHole: () => holes++ }, 10_000);
  await keep(webhooks, []);
  expect(holes).toBe(0);
  const [webhook] = helius.webhooks.values();
  if (webhook) webhook.active = false;
  await keep(webhooks, []);
  expect([webhook?.active, holes]).toEqual([true, 1]);

  // Another source hears of the chain; webhooks do not.
  const heard = { signature: signatureOf(1), slot: 5 };
  const nowMs = clock.nowMs();
  await ledger.sightings.note([{ ...heard, blockIndex: 0, accounts: [] }], {
    source: 'backfill',
    by: 'finalized',
    nowMs,
  });
  const read = { ...heard, facts: [], finality: 'finalized', dueMs: nowMs, nowMs } as const;
  expect(await ledger.sightings.record(read)).toMatchObject({ outcome: 'recorded' });
  events.length = 0;
  await keep(webhooks, []);
  expect(events).not.toContain('helius.silent');
  clock.advance(11_000);
  await keep(webhooks, []);
  await keep(webhooks, []);
  expect(events.filter((each) => each === 'helius.silent')).toHaveLength(1);
  await ledger.deliveries.record([Buffer.from('[]')], clock.nowMs());
  await keep(webhooks, []);
  expect(events).toContain('helius.heard_again');
});

test.each([
  [401, 'helius_key_rejected'],
  [403, 'helius_key_rejected'],
  [500, 'helius_failed'],
])('status %i is %s, and no key is in the text', (status, code) => {
  const thrown = new Error(`HTTP error! status: ${status} - https://x.test/v0?api-key=secret`);
  const fault = heliusFault(thrown);
  expect(fault.code).toBe(code);
  expect(fault.message).not.toContain('secret');
});
test('credits that are used up raise an alarm of their own', () => {
  const text = 'HTTP error! status: 429 - max usage reached: no credits left';
  expect(heliusFault(new Error(text)).code).toBe('helius_credits_exhausted');
  expect(heliusFault(new Error('HTTP error! status: 429 - slow down')).code).toBe('helius_failed');
});

test('silence: only when another source heard of the chain and webhooks did not, for long enough', () => {
  const silent = (webhookMs: number | null, otherMs: number | null) =>
    isSilent({ webhookMs, otherMs }, 100_000, 10_000);
  expect(silent(null, null)).toBe(false);
  expect(silent(null, 99_000)).toBe(false);
  expect(silent(null, 80_000)).toBe(true);
  expect(silent(75_000, 80_000)).toBe(false);
  expect(silent(60_000, 80_000)).toBe(true);
});
