// Deadline: the reason that a request is given when its answer takes too long.
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { installDeadline } from '../../src/http/deadline.ts';

const ANSWER_MS = 10_000;

/** The end of a request without an answer, when the ledger last took a write at this time. */
async function endOf(ledgerAtMs: number | null): Promise<string> {
  let nowMs = 1_000_000;
  const clock = {
    nowMs: () => nowMs,
    elapsedMs: () => nowMs,
    random: () => 0.5,
    // Each wait is over in the next turn of the event loop, and moves the time on.
    sleep: (ms: number) =>
      new Promise<void>((resolve) => {
        setImmediate(() => {
          nowMs += ms;
          resolve();
        });
      }),
  };
  const app = Fastify();
  installDeadline(app, { clock, answerMs: ANSWER_MS, ledgerAtMs: () => ledgerAtMs });
  app.setErrorHandler((error: Error, _, reply) => reply.status(503).send(error.message));
  app.get('/slow', () => new Promise(() => {}));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const answer = await fetch(`${url}/slow`);
  const text = `${answer.status} ${await answer.text()}`;
  await app.close();
  return text;
}

test('is the ledger, when it took no write for half of the time, or none at all', async () => {
  expect(await endOf(0)).toMatch(/^503 Postgres has taken no write for \d+ ms\. Ask again\.$/);
  expect(await endOf(null)).toBe(
    '503 Postgres has taken no write since this daemon began. Ask again.',
  );
});

test('is the daemon, while the ledger takes writes', async () =>
  expect(await endOf(Number.MAX_SAFE_INTEGER)).toBe(
    '503 No answer within 10000 ms. Ask again; use an Idempotency-Key.',
  ));
