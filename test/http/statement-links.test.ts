// Statement links: the holder of a link cannot make the daemon read more pages than two at once, or
// one link more than ten times a minute, and a client that is gone or takes nothing keeps nothing.
import { connect } from 'node:net';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { StatementDesk } from '../../src/flows/statements.ts';
import { systemClock } from '../../src/system/clock.ts';
import { BOUNDS, createBareServer } from '../support/bare-server.ts';
import { openStatements } from '../support/statement-desk.ts';

/** The time after which a public route answers 429. */
const REFUSED_AFTER_MS = 1_000;
/** The time within which a client must take its page. */
const TAKEN_WITHIN_MS = 60_000;

const held = await openStatements(1);
afterAll(() => held[Symbol.asyncDispose]());

/** A server whose pages this desk reads; `pass` moves the time of the links on. */
async function serve(desk: StatementDesk) {
  let elapsedMs = 0;
  const taken = Promise.withResolvers<void>();
  // No answer is put off, and the time for taking a page is over when the test says so.
  const clock: typeof systemClock = {
    ...systemClock,
    sleep(ms, signal) {
      if (ms === REFUSED_AFTER_MS) return Promise.resolve();
      return ms === TAKEN_WITHIN_MS ? taken.promise : systemClock.sleep(ms, signal);
    },
  };
  const statements = { desk, knows: async () => true, clock, elapsedMs: () => elapsedMs };
  const app = createBareServer({ statements, clock, bounds: { ...BOUNDS, answerMs: 50_000 } });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  return {
    app,
    url,
    pass(ms: number) {
      elapsedMs += ms;
    },
    endPatience: taken.resolve,
    link: () => `${url}/statements?link=${desk.seal(held.link())}`,
  };
}
const statusOf = async (answer: Promise<Response>): Promise<number> => {
  const { status, body } = await answer;
  await body?.cancel();
  return status;
};

test('a third page at once is refused, and one of the next is read once the two are', async () => {
  const desk = held.deskOf();
  const goOn = Promise.withResolvers<void>();
  const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let reads = 0;
  const { link } = await serve({
    ...desk,
    async read(...asked) {
      begun[reads++]?.resolve();
      await goOn.promise;
      return desk.read(...asked);
    },
  });
  const two = [fetch(link()), fetch(`${link()}&format=csv`)];
  await Promise.all(begun.map((each) => each.promise));
  const third = await fetch(link());
  expect([third.status, await third.json()]).toMatchObject([503, { title: 'not_ready' }]);
  goOn.resolve();
  expect(await Promise.all(two.map(statusOf))).toEqual([200, 200]);
  expect(await statusOf(fetch(link()))).toBe(200);
  expect(reads).toBe(3);
});

test('a link opens ten times a minute, others are not counted with it, nor are guesses', async () => {
  const { link, pass } = await serve(held.deskOf());
  const [own, other] = [link(), link()];
  for (let n = 0; n < 10; n++) expect(await statusOf(fetch(own)), String(n)).toBe(200);
  pass(20_000);
  const refused = await fetch(`${own}&format=csv`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '40']);
  expect(await refused.json()).toMatchObject({ title: 'rate_limited' });
  expect(await statusOf(fetch(other))).toBe(200);
  for (let n = 0; n < 12; n++) expect(await statusOf(fetch(`${own}x`)), String(n)).toBe(404);
  pass(40_000);
  expect(await statusOf(fetch(own))).toBe(200);
});

test('of a client that is gone no more is read', async () => {
  const desk = held.deskOf();
  const begun = Promise.withResolvers<AbortSignal>();
  const ended = Promise.withResolvers<unknown>();
  const { link } = await serve({
    ...desk,
    async read(of, explained, signal) {
      begun.resolve(signal);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      const read = desk.read(of, explained, signal);
      ended.resolve(
        read.then(
          () => 'read',
          (thrown: unknown) => thrown,
        ),
      );
      return read;
    },
  });
  const client = new AbortController();
  const answer = fetch(link(), { signal: client.signal }).catch(() => 'gone');
  expect((await begun.promise).aborted).toBe(false);
  client.abort();
  expect(await answer).toBe('gone');
  expect(await ended.promise).toMatchObject({ code: 'not_ready' });
});

test('a client that does not take its page is disconnected', async () => {
  const desk = held.deskOf();
  const { app, link, endPatience } = await serve({
    ...desk,
    // More than the buffers of both ends hold.
    async read(...asked) {
      const { rows, ...statement } = await desk.read(...asked);
      return { ...statement, rows: Array.from({ length: 20_000 }, () => rows).flat() };
    },
  });
  const { hostname, port, pathname, search } = new URL(link());
  const client = connect(Number(port), hostname);
  onTestFinished(() => void client.destroy());
  client.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await new Promise((resolve) => client.once('readable', resolve));
  const connections = () =>
    new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)));
  expect(await connections()).toBe(1);
  endPatience();
  await expect.poll(connections).toBe(0);
});
