// Bounds: connections that strangers and clients hold open cannot use up the daemon's memory or its
// connections, and each refusal can be read.
import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';
import { createReceive } from '../../src/flows/webhook-intake.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { BOUNDS, createBareServer } from '../support/bare-server.ts';

async function listen(app: FastifyInstance): Promise<(text: string) => Promise<Line>> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => void app.close());
  const { port } = app.server.address() as { port: number };
  return (text) => open(port, text);
}
type Line = {
  readonly socket: Socket;
  /** The text received so far. */
  readonly got: () => string;
  readonly closed: Promise<void>;
};
async function open(port: number, text: string): Promise<Line> {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => void socket.once('connect', () => resolve()));
  socket.write(text);
  onTestFinished(() => void socket.destroy());
  return { socket, got: () => got, closed };
}
const webhook = (length: number, more = '') =>
  `POST /webhooks/helius HTTP/1.1\r\nhost: x\r\nauthorization: x\r\ncontent-length: ${length}\r\n${more}\r\n`;

function webhooks(waitingBytesMost: number) {
  const outcomes: string[] = [];
  const receive = createReceive(
    { record: async () => {} } as never,
    clock,
    { waitingBytesMost, parcelBytesMost: 1_000_000, patienceMs: 60_000 },
    () => {},
  );
  const app = createBareServer({
    webhook: {
      receive,
      secrets: ['x'],
      bytesMost: 1_000,
      onDelivery: (outcome) => void outcomes.push(outcome),
    },
  });
  return { app, outcomes, receive };
}

test('bodies that are on their way in count: beyond the bound a body is refused before it is read, until one is gone', async () => {
  const { app, receive } = webhooks(1_500);
  const send = await listen(app);
  const half = await send(webhook(1_000, ''));
  await expect.poll(() => held(receive, 1_500)).toBe(1_000);
  const refused = await send(webhook(600));
  await expect.poll(refused.got).toMatch(/^HTTP\/1\.1 503 [\s\S]*ledger_unavailable/);
  const small = await send(`${webhook(2)}[]`);
  await expect.poll(small.got).toMatch(/^HTTP\/1\.1 200/);
  half.socket.destroy();
  await expect.poll(() => held(receive, 1_500)).toBe(0);
  const next = await send(`${webhook(602)}[${' '.repeat(600)}]`);
  await expect.poll(next.got).toMatch(/^HTTP\/1\.1 200/);
});

test('a body whose length is not told, or that is packed, counts with the most that it may come to', async () => {
  const { app, receive } = webhooks(5_000);
  const send = await listen(app);
  await send(
    'POST /webhooks/helius HTTP/1.1\r\nhost: x\r\nauthorization: x\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  await expect.poll(() => held(receive, 5_000)).toBe(1_000);
  await send(webhook(10, 'content-encoding: gzip\r\n'));
  await expect.poll(() => held(receive, 5_000)).toBe(2_000);
});

/** The number of bytes held now, found by trying how many more fit. */
function held(receive: ReturnType<typeof createReceive>, most: number): number {
  for (let bytes = most; bytes > 0; bytes -= 100)
    try {
      receive.reserve(bytes)();
      return most - bytes;
    } catch {
      // Fewer bytes fit.
    }
  return most;
}

test('headers and bodies that do not come to an end are closed with 408', async () => {
  const bounds = { ...BOUNDS, headersMs: 200, bodyMs: 400 };
  const send = await listen(createBareServer({ bounds }));
  const header = await send('GET /plain HTTP/1.1\r\nhost: x\r\n');
  const body = await send(
    'POST /v1/gate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{',
  );
  await Promise.all([header.closed, body.closed]);
  expect(header.got()).toMatch(/^HTTP\/1\.1 408/);
});

test('connections beyond the bound are closed at once, and those that are open go on', async () => {
  const bounds = { ...BOUNDS, connectionsMost: 2 };
  const app = createBareServer({ bounds });
  app.get('/plain', { config: { scope: 'public' } }, async () => ({}));
  const send = await listen(app);
  const first = await send('GET /plain HTTP/1.1\r\nhost: x\r\n\r\n');
  await expect.poll(first.got).toMatch(/^HTTP\/1\.1 200/);
  const second = await send('GET /plain HTTP/1.1\r\nhost: x\r\n\r\n');
  await expect.poll(second.got).toMatch(/^HTTP\/1\.1 200/);
  const third = await send('GET /plain HTTP/1.1\r\nhost: x\r\n\r\n');
  await third.closed;
  expect(third.got()).toBe('');
  first.socket.write('GET /plain HTTP/1.1\r\nhost: x\r\n\r\n');
  await expect.poll(() => first.got().match(/200 OK/g)?.length).toBe(2);
});

test('a stranger beyond the limit is refused after a second, so that asking on and on costs little', async () => {
  const passed = Promise.withResolvers<void>();
  const waits: number[] = [];
  const held: Clock = {
    ...clock,
    sleep(ms, signal) {
      waits.push(ms);
      const gone = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve()),
      );
      return ms === 1_000 ? Promise.race([passed.promise, gone]) : gone;
    },
  };
  const send = await listen(createBareServer({ clock: held, publicRequestsPerMinuteMost: 1 }));
  const ask = () => send('GET /problems/conflict HTTP/1.1\r\nhost: x\r\n\r\n');
  const first = await ask();
  await expect.poll(first.got).toMatch(/^HTTP\/1\.1 200/);
  const refused = await ask();
  await expect.poll(() => waits).toContain(1_000);
  expect(refused.got()).toBe('');
  passed.resolve();
  await expect.poll(refused.got).toMatch(/^HTTP\/1\.1 429[\s\S]*retry-after[\s\S]*rate_limited/i);
});
