// Webhook: the endpoint that Helius posts to, over real HTTP. With any body posted, the daemon
// stays up, and it loses no valid body.
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unpackBodies } from '../../src/ledger/parcel.ts';
import { encodeDelivery } from '../../src/local/chain/encode.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { processEnvironment } from '../../src/system/settings.ts';
import { deliveriesIn, factsIn, factsOf, sightingsIn } from '../support/heard-rows.ts';
import { openStreet, type Street } from '../support/street.ts';

let street: Street;
let trader: Trader;
beforeAll(async () => {
  // No webhook registration and hardly any backfill: every transaction heard here was posted here.
  street = await openStreet({
    webhooks: false,
    settings: (given) => ({
      ...given,
      watch: { ...given.watch, sources: ['webhooks'], checkEveryMs: 3_600_000 },
    }),
  });
  trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
});
afterAll(() => street[Symbol.asyncDispose]());

const deliver = (
  body: string,
  authorization: string | null = street.secret,
  type = 'application/json',
) =>
  fetch(`${street.app().url}/webhooks/helius`, {
    method: 'POST',
    headers: { 'content-type': type, ...(authorization === null ? {} : { authorization }) },
    body,
  });
const digestedRows = async () =>
  (await deliveriesIn(street.database)).filter(({ digestedAt }) => digestedAt !== null);
const digested = (count: number) =>
  expect.poll(async () => (await digestedRows()).length).toBe(count);
/** A signature that no transaction has. */
const FORGED = '5'.repeat(88);

describe('deliveries', () => {
  test('a wrong or missing secret is 401, and nothing is stored', async () => {
    for (const wrong of ['nonsense', `${street.secret}x`, '', null]) {
      const response = await deliver('[]', wrong);
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
    expect(await deliveriesIn(street.database)).toEqual([]);
  });

  test('garbage is 400', async () => {
    for (const body of ['', ' ', 'hello', '"text"', '7', '[{', '[}', '{]', 'null'])
      expect((await deliver(body)).status, body).toBe(400);
    expect(await deliveriesIn(street.database)).toEqual([]);
  });

  test('a body of our shape about strangers is stored and ignored', async () => {
    const stranger = street.driver.createTrader({ deposit: 1_000_000n });
    const landed = street.driver.trade(stranger, 'long', 10_000_000n);
    expect((await deliver(JSON.stringify([encodeDelivery(landed)]))).status).toBe(200);
    await digested(1);
    expect(await sightingsIn(street.database)).toEqual([]);
  });

  test('entries that name no transaction are counted, and their neighbours are heard', async () => {
    const landed = street.driver.trade(trader, 'long', 1_000_000_000n);
    const odd = [
      {},
      null,
      7,
      { meta: {} },
      { transaction: {} },
      { transaction: { message: {}, signatures: ['nope'] } },
    ];
    expect(
      (await deliver(JSON.stringify([...odd, encodeDelivery(landed)]), street.secret, 'text/plain'))
        .status,
    ).toBe(200);
    await digested(2);
    expect((await digestedRows())[1]).toMatchObject({ entries: 7, refused: 6 });
    const sightings = await sightingsIn(street.database);
    expect(sightings.map(({ signature }) => signature)).toEqual([landed.signature]);
  });

  test('a bare object and an enhanced body are hints like any other', async () => {
    const first = street.driver.trade(trader, 'short', 100_000_000n);
    const second = street.driver.trade(trader, 'short', 100_000_000n);
    expect((await deliver(JSON.stringify(encodeDelivery(first)))).status).toBe(200);
    const accounts = second.execution.message.keys.map((account) => ({
      account,
      nativeBalanceChange: 0,
    }));
    expect(
      (
        await deliver(
          JSON.stringify([{ signature: second.signature, type: 'UNKNOWN', accountData: accounts }]),
        )
      ).status,
    ).toBe(200);
    await expect.poll(async () => (await sightingsIn(street.database)).length).toBe(3);
    await expect.poll(async () => (await factsOf(street.database, 'close')).length).toBe(2);
  });

  test('a forged body cannot make a fact: the chain is asked', async () => {
    const landed = street.driver.trade(trader, 'short', 100_000_000n);
    const forged = JSON.parse(JSON.stringify(encodeDelivery(landed))) as ReturnType<
      typeof encodeDelivery
    >;
    forged.transaction.signatures = [FORGED];
    expect((await deliver(JSON.stringify([forged]))).status).toBe(200);
    const attempts = async () =>
      (await sightingsIn(street.database)).find(({ signature }) => signature === FORGED)?.attempts;
    await expect.poll(async () => (await attempts()) ?? 0).toBeGreaterThan(0);
    const facts = await factsIn(street.database);
    expect(facts.map(({ signature }) => signature)).not.toContain(FORGED);
  });

  test('ten megabytes are refused before they are read', async () => {
    const { port } = new URL(street.app().url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('data', (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.on('error', reject);
      // Only the head is sent: an answer now means that the body was never waited for.
      socket.write(
        `POST /webhooks/helius HTTP/1.1\r\nhost: x\r\nauthorization: ${street.secret}\r\ncontent-type: application/json\r\ncontent-length: ${10 * 1024 * 1024}\r\n\r\n`,
      );
    });
    expect(answer).toContain('413');
  });

  test('an unauthorised body is not read either', async () => {
    const { port } = new URL(street.app().url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('data', (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.on('error', reject);
      socket.write(
        'POST /webhooks/helius HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4000000\r\n\r\n',
      );
    });
    expect(answer).toContain('401');
  });

  test('many at once share commits, and all are stored', async () => {
    const kept = async (): Promise<string[]> => {
      const texts: string[] = [];
      for (const each of await deliveriesIn(street.database))
        for await (const { bytes } of unpackBodies(each.body))
          texts.push(Buffer.from(bytes ?? []).toString());
      return texts;
    };
    const bodies = Array.from({ length: 100 }, (_, index) => `[{"nothing":${index}}]`);
    const answers = await Promise.all(bodies.map((each) => deliver(each)));
    expect(answers.every((each) => each.status === 200)).toBe(true);
    expect(await kept()).toEqual(expect.arrayContaining(bodies));
    const commits = await deliveriesIn(street.database);
    expect(commits.length).toBeLessThan((await kept()).length);
  });

  const shared =
    processEnvironment().BAILIFF_FIXTURES ??
    path.join(import.meta.dirname, '../../../shared/fixtures');
  const real = path.join(shared, 'helius-raw-nftsale-docs.json');
  test.runIf(existsSync(real))(
    "Helius' own documented body is accepted and found irrelevant",
    async () => {
      const file = JSON.parse(readFileSync(real, 'utf8')) as Record<string, unknown>;
      const body = Array.isArray(file)
        ? file
        : (Object.values(file).find((each) => Array.isArray(each)) ?? file);
      const before = (await sightingsIn(street.database)).length;
      const count = (await deliveriesIn(street.database)).length;
      expect((await deliver(JSON.stringify(body))).status).toBe(200);
      await digested(count + 1);
      const last = (await digestedRows()).at(-1);
      expect(last?.entries).toBeGreaterThan(0);
      expect(last?.refused).toBe(0);
      expect(await sightingsIn(street.database)).toHaveLength(before);
    },
  );

  test('none of it stopped the daemon', async () => {
    await expect
      .poll(async () => (await fetch(`${street.app().url}/health/ready`)).status)
      .toBe(200);
  });
});

describe('the API', () => {
  test('bad input gets a problem that says what to do', async () => {
    const wallet = Keypair.generate();
    const base = { id: 'x', agentWallet: wallet.publicKey.toBase58(), subAccountIds: [0] };
    const ask = async (route: string, body: unknown) => {
      const { status, body: answer } = await street.post(route, body);
      return [status, answer.type];
    };
    expect(await ask('/v1/subscribers', { ...base, id: 'no spaces please' })).toEqual([
      400,
      'urn:bailiff:problem:body_invalid',
    ]);
    expect(await ask('/v1/subscribers', { ...base, more: 1 })).toEqual([
      400,
      'urn:bailiff:problem:body_invalid',
    ]);
    expect(await ask('/v1/subscribers', { ...base, agentWallet: '0'.repeat(40) })).toEqual([
      422,
      'urn:bailiff:problem:address_invalid',
    ]);
    expect(
      await ask('/v1/subscribers', {
        ...base,
        agentSecretKey: JSON.stringify([...Keypair.generate().secretKey]),
      }),
    ).toEqual([422, 'urn:bailiff:problem:key_mismatch']);
    expect(await ask('/v1/subscribers', { ...base, id: 'ana' })).toEqual([
      409,
      'urn:bailiff:problem:conflict',
    ]);
    expect(
      await ask('/v1/subscribers/nobody/subscriptions', {
        id: 's',
        subAccountId: 0,
        creatorWallet: wallet.publicKey.toBase58(),
        shareBps: 1,
      }),
    ).toEqual([404, 'urn:bailiff:problem:not_found']);
    expect(
      await ask('/v1/subscribers/ana/subscriptions', {
        id: 's',
        subAccountId: 0,
        creatorWallet: 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
        shareBps: 10_001,
      }),
    ).toEqual([400, 'urn:bailiff:problem:body_invalid']);
    const offCurve = street.world.cluster.bank.get('5zpq7DvB6UdFFvpmBPspGPNfUGoBRRCE2HHg5u3gxcsN')
      ? '5zpq7DvB6UdFFvpmBPspGPNfUGoBRRCE2HHg5u3gxcsN'
      : '';
    expect(
      await ask('/v1/subscribers/ana/subscriptions', {
        id: 's',
        subAccountId: 0,
        creatorWallet: offCurve,
        shareBps: 1,
      }),
    ).toEqual([422, 'urn:bailiff:problem:creator_off_curve']);
    expect((await fetch(`${street.app().url}/v1/shares/none`)).status).toBe(404);
    expect((await fetch(`${street.app().url}/v1/gate/ana?action=fly`)).status).toBe(400);
    expect((await fetch(`${street.app().url}/nowhere`)).status).toBe(404);
  });

  test('a key is never given back', async () => {
    const response = await fetch(`${street.app().url}/v1/subscribers/ana`);
    const body = (await response.json()) as Record<string, unknown>;
    expect(body.hasKey).toBe(true);
    expect(Object.keys(body).sort()).toEqual([
      'agentTokenAccount',
      'agentWallet',
      'driftAccounts',
      'hasKey',
      'id',
      'retiredAt',
    ]);
  });

  test('with API keys configured, only they may ask', async () => {
    const key = 'k'.repeat(32);
    await using guarded = await openStreet({
      webhooks: false,
      settings: (given) => ({ ...given, secrets: { ...given.secrets, apiKeys: [key] } }),
    });
    const ask = (headers: Record<string, string>) =>
      fetch(`${guarded.app().url}/v1/gate/ana`, { headers });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer nonsense' })).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${key}` })).status).toBe(200);
    expect((await fetch(`${guarded.app().url}/health/live`)).status).toBe(200);
  });
});
