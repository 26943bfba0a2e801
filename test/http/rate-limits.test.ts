// Rate limits: a limit lasts for its minute, also when the clock of the machine is set back, and
// readers of statements use up no request of health or of the console.
import { afterEach, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createBareServer } from '../support/bare-server.ts';

const MINUTE_MS = 60_000;

/** The clock of a test: the second before a refusal is over at once; other waits last. */
const clockOf = (elapsedMs: () => number): Clock => ({
  ...systemClock,
  elapsedMs,
  sleep: (ms, signal) =>
    ms === 1_000
      ? Promise.resolve()
      : new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
});

function openServer(publicRequestsPerMinuteMost: number, requestsPerMinuteMost: number) {
  let elapsedMs = 0;
  const clock = clockOf(() => elapsedMs);
  const app = createBareServer({
    clock,
    publicRequestsPerMinuteMost,
    requestsPerMinuteMost,
    statements: { desk: { unsealed: () => null }, clock, elapsedMs: clock.elapsedMs } as never,
    metrics: { text: async () => 'figures', contentType: 'text/plain' },
  });
  return {
    statusOf: async (url: string): Promise<number> => (await app.inject({ url })).statusCode,
    pass(ms: number) {
      elapsedMs += ms;
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}

afterEach(() => void vi.useRealTimers());

test.each(['/problems/conflict', '/metrics'])(
  'a limit of %s ends with its minute, also after the clock was set back by an hour',
  async (url) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using server = openServer(1, 1);
    expect([await server.statusOf(url), await server.statusOf(url)]).toEqual([200, 429]);
    vi.setSystemTime(Date.now() - 60 * MINUTE_MS);
    server.pass(MINUTE_MS - 1);
    expect(await server.statusOf(url)).toBe(429);
    server.pass(1);
    expect([await server.statusOf(url), await server.statusOf(url)]).toEqual([200, 429]);
  },
);

test('readers of statements use up no request of the other routes without a key', async () => {
  await using server = openServer(2, 1);
  const asked: number[] = [];
  for (let n = 0; n < 3; n++) asked.push(await server.statusOf('/statements?link=none'));
  expect(asked).toEqual([404, 404, 429]);
  expect(await server.statusOf('/console')).toBe(200);
  expect(await server.statusOf('/problems/conflict')).toBe(200);
  expect(await server.statusOf('/console')).toBe(429);
});
