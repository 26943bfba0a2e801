// Sender: a real HTTP server takes the same bytes as the nodes. Its errors and its silence neither
// hold up nor fail the sends to the nodes; and while it fails, payments give no tip.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Connection } from '@solana/web3.js';
import { afterEach, expect, test } from 'vitest';
import { createAnswerReader, USUAL_BOUNDS } from '../../src/chain/answer.ts';
import { createChain } from '../../src/chain/chain.ts';
import { openConnection, within } from '../../src/chain/rpc.ts';
import { createSender, type SenderOptions } from '../../src/chain/sender.ts';
import type { Address } from '../../src/core/ids.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

type Answer = (response: ServerResponse) => void;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});
/** An HTTP server that keeps what it is sent. `taking` answers as a node does that took it. */
async function serve() {
  const got: { body: string; path: string }[] = [];
  const taking: Answer = (response) =>
    void response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: 'signature' }));
  const served = { answer: taking, taking, got, url: '' };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      got.push({ body, path: request.url ?? '' });
      served.answer(response);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fast?api-key=secret`;
  return served;
}

const TIP = { lamports: 5_000n, accounts: ['tips' as Address] };
const LIMITS = { most: 5_000n, accounts: TIP.accounts };
async function open(answerMs = 10_000) {
  const server = await serve();
  const node = await serve();
  const clock = createManualClock(1_000);
  const calls: Parameters<SenderOptions['onCall']>[0][] = [];
  const lines: [string, object][] = [];
  const note = (event: string, more = {}) => void lines.push([event, more]);
  const post = within({ answerMs, read: createAnswerReader(USUAL_BOUNDS) });
  const sender = createSender({
    url: server.url,
    tip: TIP,
    limits: LIMITS,
    post,
    elapsedMs: clock.elapsedMs,
    log: { ...silentLog, warn: note, info: note },
    onCall: (call) => void calls.push(call),
  });
  const connection: Connection = openConnection(node.url, null);
  const chain = createChain(
    { connection, sender, witnesses: { first: {}, second: null } } as unknown as Parameters<
      typeof createChain
    >[0],
    { read: async () => [] },
  );
  return { server, node, clock, sender, chain, calls, lines };
}
const paramsOf = ({ body }: { body: string }) => {
  const { method, params } = JSON.parse(body) as { method: string; params: unknown };
  return { method, params };
};
const BYTES = Uint8Array.of(1, 2, 3);

test('what holds a tip goes to the node and to the sender, byte for byte; anything else to the node alone', async () => {
  const { chain, sender, server, node, calls } = await open();
  await chain.send(BYTES, true);
  await chain.send(Uint8Array.of(4));
  await sender.settled();
  expect(node.got.map(paramsOf)).toHaveLength(2);
  expect(server.got.map(paramsOf)).toEqual([
    {
      method: 'sendTransaction',
      params: ['AQID', { encoding: 'base64', skipPreflight: true, maxRetries: 0 }],
    },
  ]);
  expect(server.got.map(paramsOf)).toEqual(node.got.slice(0, 1).map(paramsOf));
  expect(server.got[0]?.path).toBe('/fast?api-key=secret');
  const host = new URL(server.url).host;
  expect(sender.host).toBe(host);
  expect(calls).toEqual([
    { method: 'senderTook', node: host, source: 'sender', outcome: 'answered', ms: 0 },
  ]);
});

test('a sender that never answers holds up nothing, and is given up at its deadline', async () => {
  const { chain, sender, server, calls } = await open(1_000);
  server.answer = () => {};
  await chain.send(BYTES, true);
  expect(calls).toEqual([]);
  await sender.settled();
  expect(calls.map(({ outcome }) => outcome)).toEqual(['failed']);
});

test('a sender that is at the bound of its sends is not asked for more', async () => {
  const { sender, server, calls } = await open();
  const held: ServerResponse[] = [];
  server.answer = (response) => void held.push(response);
  for (let n = 0; n < 257; n++) sender.send(BYTES);
  expect(calls.map(({ outcome }) => outcome)).toEqual(['failed']);
  await expect.poll(() => held.length).toBe(256);
  for (const each of held) server.taking(each);
  await sender.settled();
  expect(calls).toHaveLength(257);
  expect(sender.tip()).toEqual(TIP);
});

const answers: [string, Answer, string][] = [
  ['429', (response) => void response.writeHead(429).end('slow down'), 'limited'],
  ['500', (response) => void response.writeHead(500).end('no'), 'failed'],
  ['no JSON', (response) => void response.end('<html>'), 'failed'],
  ['a reset connection', (response) => void response.destroy(), 'failed'],
  [
    'a JSON-RPC error',
    (response) =>
      void response.end(
        '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"tip?api-key=x"}}',
      ),
    'refused',
  ],
];
test.each(answers)(
  '%s fails no send; after three in a row payments give no tip for 30 s',
  async (_, answer, outcome) => {
    const { chain, sender, server, clock, calls, lines } = await open();
    server.answer = answer;
    for (let sent = 0; sent < 3; sent++) {
      expect(sender.tip()).toEqual(TIP);
      await chain.send(BYTES, true);
      await sender.settled();
    }
    expect(calls.map((each) => each.outcome)).toEqual([outcome, outcome, outcome]);
    expect(calls[0]?.method).toBe('senderRefused');
    expect(sender.tip()).toBeNull();
    expect(lines.map(([event]) => event)).toEqual(['sender.rests']);
    expect(JSON.stringify(lines)).not.toMatch(/api-key=\w/);
    // What was signed with a tip before is still sent to it.
    clock.advance(29_999);
    expect(sender.tip()).toBeNull();
    clock.advance(1);
    expect(sender.tip()).toEqual(TIP);
    await chain.send(BYTES, true);
    await sender.settled();
    expect(sender.tip()).toBeNull();
    server.answer = server.taking;
    await chain.send(BYTES, true);
    await sender.settled();
    expect(sender.tip()).toEqual(TIP);
    expect(lines.map(([event]) => event)).toEqual(['sender.rests', 'sender.taken_again']);
  },
);
