// Registration: Bailiff's webhooks at a local Helius, through helius-sdk. A changed webhook is
// corrected, one at an old URL is removed, and neither a Helius that hangs nor a lock of another
// session keeps a platform waiting.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createWebhookRegistry } from '../../src/chain/helius.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Log } from '../../src/core/ports.ts';
import { createRegistration } from '../../src/flows/registration.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createLocks } from '../../src/ledger/locks.ts';
import { createWebhookIds } from '../../src/ledger/webhook-ids.ts';
import { type LocalHelius, serveHelius, type Webhook } from '../../src/local/helius.ts';
import { createWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { someone } from '../support/made-transaction.ts';
import { openStreet } from '../support/street.ts';

const HERE = 'http://127.0.0.1:9/hook';
const OLD = 'http://127.0.0.1:9/old';
let helius: LocalHelius;
let database: TestDatabase;
const events: string[] = [];
const note = (event: string) => void events.push(event);
const log: Log = { debug: note, info: note, warn: note, error: note };
beforeAll(async () => {
  helius = await serveHelius(createWorld({ programFile: null, clock }).cluster, {
    apiKey: 'key',
    clock,
  });
  database = await createDatabase();
});
afterAll(async () => {
  await helius.close();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  helius.webhooks.clear();
  helius.mischief.hanging = false;
  events.length = 0;
  await createWebhookIds(database.sql).keep([]);
});

const locksOf = (patienceMs?: number) =>
  createLocks(() => openDatabase(database.url, silentLog, 1), patienceMs);
const registryOf = (webhookUrl = HERE, lockPatienceMs?: number) =>
  createWebhookRegistry({
    answerMs: 1_000,
    apiKey: 'key',
    apiUrl: helius.apiUrl,
    webhookUrl,
    secret: 'Bearer s',
    addressesMost: 4,
    alone: (work) => locksOf(lockPatienceMs).exclusively('helius', work),
    ids: createWebhookIds(database.sql),
    log,
  });
const [one, two] = [someone(), someone()] as [Address, Address];
const all = (): Webhook[] => [...helius.webhooks.values()];
const right = (addresses: readonly Address[], webhookURL = HERE) => ({
  webhookURL,
  webhookType: 'raw',
  transactionTypes: ['ANY'],
  txnStatus: 'all',
  authHeader: 'Bearer s',
  accountAddresses: [...addresses],
  active: true,
});

test.each<[string, Partial<Webhook>]>([
  ['type', { webhookType: 'enhanced' }],
  ['filter of transactions', { transactionTypes: ['NFT_SALE'] }],
  ['status', { txnStatus: 'failed' }],
  ['URL', { webhookURL: 'https://elsewhere.example/hook' }],
  ['secret', { authHeader: 'Bearer other' }],
])(
  'a webhook whose %s somebody changed is told of, put right, and its hole is filled',
  async (what, change) => {
    const registry = registryOf();
    await registry.ensure([one]);
    const [webhook] = all();
    if (webhook === undefined) throw new Error('there is none');
    Object.assign(webhook, change);
    const seen = await registry.inspect([one]);
    expect(seen.altered + seen.wrongSecret).toBe(1);
    const { wasDisabled } = await registry.ensure([one]);
    expect(all()).toEqual([
      expect.objectContaining({ ...right([one]), webhookID: webhook.webhookID }),
    ]);
    expect(await registry.inspect([one])).toMatchObject({
      altered: 0,
      wrongSecret: 0,
      missing: [],
    });
    // Helius goes on delivering under another secret, so there is no hole to fill.
    const leavesHole = what !== 'secret';
    expect(wasDisabled).toBe(leavesHole);
    expect(events.includes('helius.webhook_altered')).toBe(leavesHole);
  },
);

test('when our URL moves, our webhooks move along, and none sends our secret to the old one', async () => {
  const stranger = { ...right([two], 'https://another.example/hook'), webhookID: 'w', wallet: 'x' };
  helius.webhooks.set('w', structuredClone(stranger));
  const many = Array.from({ length: 6 }, someone) as Address[];
  await registryOf(OLD).ensure(many);
  await registryOf().ensure(many);
  const ours = all().filter((each) => each.webhookID !== 'w');
  expect(ours.map((each) => each.webhookURL)).toEqual([HERE, HERE]);
  expect(new Set(ours.flatMap((each) => each.accountAddresses))).toEqual(new Set(many));
  // A webhook that was never ours stays as it is.
  expect(helius.webhooks.get('w')).toEqual(stranger);
});

test('one at the old URL is removed where another one is at ours, and its addresses are kept', async () => {
  await registryOf(OLD).ensure([one]);
  const own = { ...right([two]), webhookID: 'by-hand', wallet: 'x' };
  helius.webhooks.set('by-hand', own);
  await registryOf().ensure([]);
  expect(all()).toEqual([expect.objectContaining({ ...right([two, one]), webhookID: 'by-hand' })]);
  expect(events).toContain('helius.webhook_removed');
  expect(await createWebhookIds(database.sql).read()).toEqual(['by-hand']);
});

const registrationOf = (patienceMs: number, lockPatienceMs?: number) => {
  const ledger = createLedger(database.sql);
  const watched = { addresses: () => [one] };
  const registration = createRegistration(
    // It sleeps as long as it says, and by its clock no time passes.
    { ledger, watched, clock: { ...clock, nowMs: () => 0 }, log, onHole: () => {} },
    { patienceMs, silentAfterMs: 60_000 },
  );
  registration.begin(registryOf(HERE, lockPatienceMs));
  return registration;
};

test('while Helius hangs a registration is answered after its patience, and made up for once Helius answers', async () => {
  helius.mischief.hanging = true;
  const registration = registrationOf(50);
  await registration.joined();
  // The call has not been given up yet.
  expect(events).not.toContain('helius.not_registered');
  await registration.left([two]);
  expect(all()).toEqual([]);
  helius.mischief.hanging = false;
  // The call that hangs is given up by itself.
  const made = async () => {
    registration.ask();
    await registration.round();
    return all();
  };
  await expect.poll(made).toMatchObject([right([one])]);
});

test('while another session holds the lock a registration is answered, the failure is told, and it is tried again', async () => {
  const holder = openDatabase(database.url, silentLog, 1);
  onTestFinished(() => holder.end());
  await holder`select pg_advisory_lock(hashtextextended('bailiff/helius', 0))`;
  await expect(locksOf(50).exclusively('helius', async () => 1)).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('bailiff/helius'),
  });
  const registration = registrationOf(20, 50);
  await registration.joined();
  await expect.poll(() => events).toContain('helius.not_registered');
  expect(all()).toEqual([]);
  await holder.end();
  // Not before its time, and then at once when the list changed.
  await registration.round();
  expect(all()).toEqual([]);
  registration.ask();
  await registration.round();
  expect(all()).toMatchObject([right([one])]);
});

test('a platform that registers a subscriber is answered while Helius hangs, and the subscriber is heard', async () => {
  await using street = await openStreet({
    settings: (given) => ({ ...given, helius: { ...given.helius, patienceMs: 100 } }),
  });
  street.world.helius.mischief.hanging = true;
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  const before = performance.now();
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  // Helius alone would take 30 s a call.
  expect(performance.now() - before).toBeLessThan(25_000);
  await street.verdict('ana', 'allow');
});
