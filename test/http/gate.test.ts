// Gate: one subscriber or many in a request, with the same answers on the fast path and the usual
// one; the gate does not vouch for what it cannot know.
import { isDeepStrictEqual } from 'node:util';
import { Keypair, type PublicKey } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { userAddress } from '../../src/local/drift/addresses.ts';
import { openStreet, profitableClose } from '../support/street.ts';
import { bendAccount } from '../support/venue-world.ts';

const KEY = 'k'.repeat(32);

test('many at once are answered as one by one, and wrong questions are refused', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const wallet = trader.agent.publicKey.toBase58();
  const many = async () =>
    (await street.post('/v1/gate', { subscribers: ['ana', wallet, 'nobody'] })).body
      .answers as Record<string, unknown>[];
  await expect
    .poll(async () => (await many()).map((each) => [each.subscriber, each.verdict]))
    .toEqual([
      ['ana', 'allow'],
      [wallet, 'allow'],
      ['nobody', 'deny'],
    ]);
  // Two answers are of two moments: they are alike as soon as nothing changed between them.
  const differences = async () => {
    const [one = {}] = await many();
    const other = (await street.gate('ana')) as unknown as Record<string, unknown>;
    const apart = ({ subscriber, asOfSlot, ...rest }: Record<string, unknown>) => rest;
    return isDeepStrictEqual(apart(one), apart(other)) ? [] : [one, other];
  };
  await expect.poll(differences).toEqual([]);
  const closing = await street.post('/v1/gate', { subscribers: ['nobody'], action: 'close' });
  expect((closing.body.answers as { allow: boolean }[])[0]?.allow).toBe(true);
  for (const wrong of [{}, { subscribers: [] }, { subscribers: ['a'], action: 'steal' }])
    expect(await street.post('/v1/gate', wrong)).toMatchObject({
      status: 400,
      body: { title: 'body_invalid' },
    });
  const plain = async (route: string) => {
    const response = await fetch(street.app().url + route);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  expect(await plain('/v1/gate/ana?action=steal')).toMatchObject({ status: 400 });
  // A question that the fast path does not take is answered the usual way, and alike.
  const usual = (await plain('/v1/gate/ana?action=open&')).body;
  expect(Object.keys(usual)).toEqual(Object.keys(await street.gate('ana')));
});

test('without a key the fast path answers nobody', async () => {
  await using street = await openStreet({
    settings: (given) => ({ ...given, secrets: { ...given.secrets, apiKeys: [KEY] } }),
  });
  const ask = (authorization?: string) =>
    fetch(`${street.app().url}/v1/gate/ana`, {
      headers: authorization === undefined ? {} : { authorization },
    });
  expect((await ask()).status).toBe(401);
  expect((await ask('Bearer wrong')).status).toBe(401);
  expect((await ask(`Bearer ${KEY}`)).status).toBe(200);
  expect((await fetch(`${street.app().url}/v1/gate/stream`)).status).toBe(401);
});

test('an open gap makes the answer unknown for that subscriber alone; a limit on debts denies', async () => {
  await using street = await openStreet({
    settings: (given) => ({ ...given, gate: { ...given.gate, outstandingMost: '1000' } }),
  });
  const { driver } = street;
  const [ana, bo, cy] = [0, 1, 2].map(() => driver.createTrader({ deposit: 1_000_000_000n }));
  for (const [id, trader] of Object.entries({ ana, bo, cy }))
    await street.subscribe(id, trader as never, Keypair.generate().publicKey);
  await street.verdict('ana', 'allow');
  const ofAna = userAddress(ana?.agent.publicKey as PublicKey, 0).toBase58();
  bendAccount(street.world, 'User', ofAna, (user) => {
    user.totalWithdraws += 1n;
  });
  await street.verdict('ana', 'unknown');
  profitableClose(driver, cy as never);
  expect((await street.verdict('cy', 'deny')).reason).toMatch(/more than the 0\.001000 USDC/);
  await street.verdict('bo', 'allow');
});

test('sources that have gone quiet make every answer unknown, and failing open is said', async () => {
  await using street = await openStreet({
    settings: (given) => ({
      ...given,
      watch: { ...given.watch, sources: ['webhooks'] },
      gate: { ...given.gate, lagMsMost: 1_000, failOpen: true },
    }),
  });
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await expect
    .poll(async () => street.gate('ana'))
    .toMatchObject({
      verdict: 'unknown',
      allow: true,
      failOpen: true,
      reason: expect.stringContaining('No source has told of the chain'),
    });
  await expect.poll(async () => (await street.gate('ana', 'close')).verdict).toBe('allow');
});
