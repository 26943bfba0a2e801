// Late acts: a request that the deadline answered 503 ends on record with the answer of its
// handler, and a repetition under its key gets that answer.
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import type { Clock } from '../../src/core/ports.ts';
import { createActs } from '../../src/ledger/acts.ts';
import { systemClock } from '../../src/system/clock.ts';
import { BOUNDS, createBareServer } from '../support/bare-server.ts';
import { createTestLedger } from '../support/ledger.ts';

const ANSWER_MS = 10_000;

const held = await createTestLedger();
afterAll(() => held[Symbol.asyncDispose]());
const acts = createActs(held.sql);

/** A server whose rescans end when the test says so, and whose deadlines pass when it says so. */
async function serve() {
  let passed = Promise.withResolvers<void>();
  const waits: number[] = [];
  const clock: Clock = {
    ...systemClock,
    sleep(ms, signal) {
      waits.push(ms);
      return Promise.race([passed.promise, systemClock.sleep(ms, signal)]);
    },
  };
  const rescans: PromiseWithResolvers<number>[] = [];
  const rescan = () => {
    const one = Promise.withResolvers<number>();
    rescans.push(one);
    return one.promise;
  };
  const app = createBareServer({
    acts,
    clock,
    bounds: { ...BOUNDS, answerMs: ANSWER_MS, ledgerAtMs: () => Number.MAX_SAFE_INTEGER },
    hearing: { rescan } as never,
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  return {
    waits,
    rescans,
    /** The requests that wait are late. */
    passDeadline() {
      passed.resolve();
      passed = Promise.withResolvers();
    },
    async ask(key: string, route = '/v1/hearing/rescans', body: object = RESCAN) {
      const answer = await fetch(url + route, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      });
      const replayed = answer.headers.get('idempotency-replayed') === 'true';
      return { status: answer.status, replayed, body: await answer.json() };
    },
  };
}
const RESCAN = { address: 'So11111111111111111111111111111111111111112', fromSlot: 1 };
const statusOfLast = async () => (await acts.list({ limit: 1 }))[0]?.status;

test('the answer of a late handler ends its act, and is what the same request gets again', async () => {
  const { ask, rescans, passDeadline } = await serve();
  const first = ask('late');
  await expect.poll(() => rescans.length).toBe(1);
  passDeadline();
  expect(await first).toMatchObject({ status: 503, body: { title: 'not_ready' } });
  expect(await ask('late')).toMatchObject({ body: { title: 'idempotency_running' } });
  expect(await statusOfLast()).toBeNull();
  rescans[0]?.resolve(7);
  await expect.poll(statusOfLast).toBe(202);
  expect(await ask('late')).toEqual({ status: 202, replayed: true, body: { transactions: 7 } });
  expect(rescans).toHaveLength(1);
});

test('a late refusal ends its act with its status, and frees the key', async () => {
  const { ask, rescans, passDeadline } = await serve();
  const first = ask('refused');
  await expect.poll(() => rescans.length).toBe(1);
  passDeadline();
  expect((await first).status).toBe(503);
  rescans[0]?.reject(new Fault('not_found', 'No such account is watched.'));
  await expect.poll(statusOfLast).toBe(404);
  const again = ask('refused');
  await expect.poll(() => rescans.length).toBe(2);
  rescans[1]?.resolve(3);
  expect(await again).toEqual({ status: 202, replayed: false, body: { transactions: 3 } });
});

test('a handler that is in time answers as before', async () => {
  const { ask, rescans } = await serve();
  const first = ask('in-time');
  await expect.poll(() => rescans.length).toBe(1);
  rescans[0]?.resolve(5);
  expect(await first).toEqual({ status: 202, replayed: false, body: { transactions: 5 } });
  expect(await ask('in-time')).toMatchObject({ status: 202, replayed: true });
});

test('an import has forty seconds more', async () => {
  const { ask, waits } = await serve();
  const rows = [{ kind: 'debt', id: 'x' }];
  expect((await ask('import', '/v1/imports', { dryRun: true, rows })).status).toBe(500);
  expect(waits).toContain(ANSWER_MS + 40_000);
});
