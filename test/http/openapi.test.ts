// OpenAPI: the document is valid, has every route, and thousands of random requests made from it,
// right, wrong and hostile, never end in a fault of ours, and change nothing that they should not.
// `npm run fuzz` sends 100,000.
import { Keypair } from '@solana/web3.js';
import { afterAll, expect, test, vi } from 'vitest';
import { ROUTES } from '../../src/http/routes.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createRandom, type Random } from '../sim/random.ts';
import { createBareServer } from '../support/bare-server.ts';
import { factsOf } from '../support/heard-rows.ts';
import { hostileBytes, sendBytes } from '../support/hostile.ts';
import { LONG } from '../support/long.ts';
import { dereferenced, lint } from '../support/openapi-lint.ts';
import { debtsIn, paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

type Schema = {
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  pattern?: string;
};
type Operation = {
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
};
type OpenApi = { paths: Record<string, Record<string, Operation>> };

const REQUESTS = Number(process.env.BAILIFF_FUZZ_REQUESTS ?? (LONG ? 4_000 : 2_500));
/** One request in so many is hostile: bytes on a socket of its own. */
const HOSTILE_EVERY = 4;
/** One request in so many is a registration that must be accepted. */
const SOUND_EVERY = 500;
const SEED = Number(process.env.BAILIFF_FUZZ_SEED ?? 20_261_124);
const AT_ONCE = 40;
let street: Street;
let document: OpenApi;
/** The same without references, from which requests are made. */
let whole: OpenApi;
let known: string[] = [];
/** Opens a daemon with a subscriber who owes; called inside the first test, because it waits. */
async function setUp(): Promise<void> {
  street = await openStreet({
    settings: (given) => ({ ...given, clearances: { ...given.clearances, patienceMs: 0 } }),
  });
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(driver, trader);
  const share = await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  document = (await (await fetch(`${street.app().url}/openapi.json`)).json()) as OpenApi;
  whole = dereferenced(document);
  known = ['ana', 'bo', share.id, trader.agent.publicKey.toBase58(), 'all', 'ana-sub'];
}
afterAll(() => street[Symbol.asyncDispose]());

test('the document is valid OpenAPI 3.1, and has every route with its summary', async () => {
  await setUp();
  expect(await lint(document as never)).toEqual([]);
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.sort()).toEqual(Object.keys(ROUTES).sort());
  const page = await (await fetch(`${street.app().url}/docs`)).text();
  for (const path of Object.keys(document.paths)) expect(page).toContain(path);
  const { schemas } = (document as never as { components: { schemas: object } }).components;
  expect(Object.keys(schemas)).toEqual(
    expect.arrayContaining(['GateAnswer', 'Payment', 'Problem', 'Share', 'Subscriber', 'Token']),
  );
  for (const name of Object.keys(schemas)) expect(page).toContain(`<details id="${name}">`);
});

test('the description and its page are made once, however often they are asked for', async () => {
  const app = createBareServer();
  await app.ready();
  const made = vi.spyOn(app, 'swagger');
  for (let n = 0; n < 5; n++)
    for (const path of ['/docs', '/openapi.json'])
      expect((await app.inject(path)).statusCode).toBe(200);
  expect(made).toHaveBeenCalledTimes(1);
});

/** Whether an answer with an error is a problem, or has no body because its request has none. */
const isProblem = (text: string): boolean =>
  /content-type: application\/problem\+json/i.test(text) || /content-length: 0\r/i.test(text);
/**
 * Whether an answer is the daemon's own word that it is not ready, as `/health/ready` gives it on a
 * machine on which the daemon falls behind.
 */
const isNotReady = (status: number | null, text: string): boolean =>
  status === 503 && /\{"ready":false,"reasons":\["/.test(text);

const NASTY = [
  '',
  ' ',
  '\u0000',
  '%00',
  '../../etc',
  "';drop table payment;--",
  '💥',
  'null',
  '-1',
  '1e9',
  '9'.repeat(40),
  'x'.repeat(70),
  '{"a":1}',
  '/',
  '?',
  '#',
  '__proto__',
  'constructor',
  '0x10',
  '１２',
];
const junk = (random: Random): unknown =>
  random.pick<unknown>([
    null,
    true,
    -1,
    1.5,
    2 ** 60,
    [],
    {},
    [[]],
    { a: { b: [] } },
    random.pick(NASTY),
  ]);

/** A value for a schema; mostly right. */
function valueFor(schema: Schema, random: Random, wrong: number): unknown {
  if (random.chance(wrong)) return junk(random);
  if (schema.anyOf !== undefined) return valueFor(random.pick(schema.anyOf), random, wrong);
  if (schema.enum !== undefined) return random.pick(schema.enum);
  const type = [schema.type ?? 'string'].flat();
  switch (String(random.pick(type))) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => (schema.required ?? []).includes(name) || random.chance(0.6))
          .filter(() => !random.chance(wrong / 2))
          .map(([name, each]) => [name, valueFor(each, random, wrong)]),
      );
    case 'array':
      return Array.from({ length: (schema.minItems ?? 0) + random.below(4) }, () =>
        valueFor(schema.items ?? {}, random, wrong),
      );
    case 'integer':
      return (schema.minimum ?? 0) + random.below(Math.min(schema.maximum ?? 1_000, 100_000));
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    default:
      return random.chance(0.2)
        ? random.pick(NASTY)
        : random.pick([
            ...known,
            'fz1',
            'fz2',
            '1000',
            'a drill',
            Keypair.generate().publicKey.toBase58(),
          ]);
  }
}

test(
  `${REQUESTS} random requests end in no fault of ours, and change nothing they should not`,
  async () => {
    const random = createRandom(SEED);
    const operations = Object.entries(whole.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    const { subscribers } = createLedger(street.database.sql);
    const precious = async () => ({
      payments: await paymentsIn(street.database),
      wallet: (await subscribers.find('ana'))?.agentWallet,
      key: await subscribers.agentKey('ana'),
      closes: (await factsOf(street.database, 'close'))
        .filter(({ subscriberId }) => subscriberId === 'ana')
        .map(({ signature, finality, body }) => [signature, finality, body]),
      debts: (await debtsIn(street.database)).map(({ amount, paid }) => [amount, paid]),
    });
    const before = await precious();
    const statuses = new Map<number, number>();
    const faults: string[] = [];
    const { port } = new URL(street.app().url);
    const hostile = async (): Promise<void> => {
      const paths = operations.map(({ path }) =>
        path.replace(/\{\w+\}/g, () => random.pick(known)),
      );
      // A request that retires ana or deletes her key does as it was asked.
      const bytes = hostileBytes(random, [
        ...paths,
        '/webhooks/helius',
        '/health/ready',
        '/metrics',
      ]);
      if (/^DELETE \S*ana/.test(bytes.toString('latin1'))) return;
      const { status, text } = await sendBytes(Number(port), bytes);
      statuses.set(status ?? 0, (statuses.get(status ?? 0) ?? 0) + 1);
      const broken = status !== null && status >= 500 && status !== 503;
      const isTold = isProblem(text) || isNotReady(status, text);
      if (broken || (status !== null && status >= 400 && !isTold))
        faults.push(`${bytes.toString('latin1').slice(0, 600)}: ${text.slice(0, 600)}`);
    };
    const one = async (): Promise<void> => {
      const { path, method, operation } = random.pick(operations);
      const wrong = random.pick([0, 0.1, 0.5]);
      const query = new URLSearchParams();
      let route = path;
      for (const parameter of operation.parameters ?? []) {
        const value = valueFor(parameter.schema, random, wrong);
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        // Deleting a key and retiring are allowed effects of these requests, so they are sent for
        // another subscriber.
        if (
          parameter.in === 'path' &&
          method === 'delete' &&
          /subscribers\/\{id\}(\/key)?$/.test(path)
        )
          route = route.replace(`{${parameter.name}}`, 'bo');
        else if (parameter.in === 'path')
          route = route.replace(
            `{${parameter.name}}`,
            encodeURIComponent(random.chance(0.5) ? random.pick(known) : text),
          );
        else if (parameter.in === 'query' && random.chance(0.7)) query.append(parameter.name, text);
      }
      const schema = operation.requestBody?.content['application/json']?.schema;
      const body = schema === undefined ? undefined : valueFor(schema, random, wrong);
      const raw =
        body === undefined ? undefined : random.chance(0.03) ? '{"broken' : JSON.stringify(body);
      const url = `${street.app().url}${route}${query.size > 0 ? `?${query}` : ''}`;
      const response = await fetch(url, {
        method: method.toUpperCase(),
        ...(raw === undefined
          ? {}
          : { body: raw, headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      const expected = response.status < 500 || response.status === 503;
      const isTold =
        response.status < 400 ||
        response.headers.get('content-type')?.startsWith('application/problem+json') === true ||
        isNotReady(response.status, text);
      if (!expected || !isTold)
        faults.push(`${method} ${url} ${raw ?? ''}: ${response.status} ${text.slice(0, 300)}`);
    };
    /** The service goes on serving amid the others: a sound request does what it asks. */
    const sound = async (): Promise<void> => {
      const agentWallet = Keypair.generate().publicKey.toBase58();
      const registered = await street.post('/v1/subscribers', {
        id: `sound-${agentWallet}`,
        agentWallet,
        subAccountIds: [0],
      });
      statuses.set(registered.status, (statuses.get(registered.status) ?? 0) + 1);
      if (registered.status !== 201) faults.push(JSON.stringify(registered));
    };
    let left = REQUESTS;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0)
          await (left % SOUND_EVERY === 1
            ? sound()
            : left % HOSTILE_EVERY === 0
              ? hostile()
              : one());
      }),
    );
    expect(faults.slice(0, 3)).toEqual([]);
    const told = [...statuses].sort(([a], [b]) => a - b).map((each) => each.join(': '));
    if (process.env.BAILIFF_FUZZ_REQUESTS !== undefined)
      process.stdout.write(`${REQUESTS} requests, by status (0: closed): ${told.join(', ')}\n`);
    for (const wanted of [200, 201, 204, 400, 404, 409, 422])
      expect(statuses.get(wanted) ?? 0, String(wanted)).toBeGreaterThan(0);
    expect(await precious()).toEqual(before);
  },
  Math.max(240_000, 40 * REQUESTS),
);
