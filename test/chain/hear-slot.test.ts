// Hear slot: the doctor's question whether a WebSocket tells slots. Real sockets.
import { getEventListeners } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { hearSlot } from '../../src/chain/probe.ts';

let server: WebSocketServer;
afterEach(() => server.close());

/** The URL of a socket that answers the first message with these texts. */
async function answering(...texts: readonly string[]): Promise<string> {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) =>
    socket.once('message', () => {
      for (const text of texts) socket.send(text);
    }),
  );
  await new Promise((done) => server.once('listening', done));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const never = new AbortController().signal;

test('the slot of the first notification is told, whatever came before it', async () => {
  const told = JSON.stringify({ method: 'slotNotification', params: { result: { slot: 77 } } });
  expect(await hearSlot(await answering('null', '{"id":1}', told), never)).toBe(77);
});

test('text that is not JSON is told as a fault of the socket, and ends no process', async () => {
  await expect(hearSlot(await answering('<html>'), never)).rejects.toThrow(
    'it sends text that is not JSON, so it is no node',
  );
});

test('a signal that outlives the question keeps no listener of it', async () => {
  const told = JSON.stringify({ method: 'slotNotification', params: { result: { slot: 77 } } });
  const { signal } = new AbortController();
  await hearSlot(await answering(told), signal);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
