// Answer: a node's answer is read within a size bound, however it is compressed, and the connection
// can be used afterwards.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAnswerReader } from '../../src/chain/answer.ts';
import { asking, openConnection, within } from '../../src/chain/rpc.ts';

const MIB = 1_024 * 1_024;
let answer: (response: ServerResponse, id: string) => void = () => {};
let sent = 0;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += String(chunk);
  });
  response.on('error', () => {});
  request.on('end', () => answer(response, (JSON.parse(body) as { id: string }).id));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

/** Sends for as long as the client reads, up to 300 MiB. */
function pour(into: NodeJS.WritableStream): void {
  const chunk = Buffer.alloc(65_536, ' ');
  const more = (): void => {
    while (sent < 300 * MIB) {
      sent += chunk.length;
      if (!into.write(chunk)) return void into.once('drain', more);
    }
    into.end();
  };
  more();
}
const ask = (bounds: { answerBytesMost: number; answersBytesMost: number }, answerMs = 5_000) => {
  const { port } = server.address() as AddressInfo;
  const read = createAnswerReader(bounds);
  const connection = openConnection(`http://127.0.0.1:${port}`, null, within({ answerMs, read }));
  return () => asking('getSlot', () => connection.getSlot());
};
const usual = { answerBytesMost: MIB, answersBytesMost: 4 * MIB };
const answering =
  (result: object) =>
  (response: ServerResponse, id: string): void => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...result }));
  };
const well = answering({ result: 7 });

test.each([
  ['plain', (response: ServerResponse) => pour(response)],
  [
    'gzip',
    (response: ServerResponse) => {
      response.setHeader('content-encoding', 'gzip');
      const packed = createGzip();
      packed.pipe(response);
      pour(packed);
    },
  ],
])('an endless %s answer fails at the bound, and the next one is read', async (_, endless) => {
  const getSlot = ask(usual);
  sent = 0;
  answer = endless;
  await expect(getSlot()).rejects.toMatchObject({
    code: 'rpc_unavailable',
    message: expect.stringContaining('rpc.answerBytesMost'),
  });
  // Sockets and the compressor may have buffered this much; the whole answer would be 300 MiB.
  expect(sent).toBeLessThan(100 * MIB);
  answer = well;
  expect(await getSlot()).toBe(7);
});

test('answers that arrive side by side share a bound', async () => {
  const getSlot = ask({ answerBytesMost: MIB, answersBytesMost: MIB });
  const held: ServerResponse[] = [];
  answer = (response) => {
    // 700,000 bytes, and then nothing.
    response.write(Buffer.alloc(700_000, ' '));
    held.push(response);
  };
  const outcomes = await Promise.allSettled(
    [getSlot(), getSlot()].map((each) => each.finally(end)),
  );
  function end(): void {
    for (const response of held) response.destroy();
  }
  const messages = outcomes.map((each) => String((each as PromiseRejectedResult).reason));
  expect(messages.filter((each) => each.includes('rpc.answersBytesMost'))).toHaveLength(1);
  answer = well;
  expect(await getSlot()).toBe(7);
});

test('an answer whose end does not come fails after rpc.answerMs', async () => {
  const getSlot = ask(usual, 200);
  answer = (response) => void response.write('{');
  await expect(getSlot()).rejects.toMatchObject({ code: 'rpc_unavailable' });
});

test('an answer that carries the id of another request is no answer', async () => {
  const getSlot = ask(usual);
  answer = answering({ id: '7e1cbd4c-93ad-4a3c-8f0d-5dd7d1b1c1f5', result: 7 });
  await expect(getSlot()).rejects.toMatchObject({
    code: 'rpc_unavailable',
    message: expect.stringContaining('another request'),
  });
  answer = well;
  await expect(getSlot()).resolves.toBe(7);
});
