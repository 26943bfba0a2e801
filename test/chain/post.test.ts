// Post: requests to a node share connections, and an answer says what the daemon goes by: its
// status, and the pause that it asks for.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, createAnswerReader, USUAL_BOUNDS } from '../../src/chain/answer.ts';
import { within } from '../../src/chain/rpc.ts';

const connections = new Set<number | undefined>();
const asked: (string | undefined)[] = [];
let answer: (response: ServerResponse) => void = (response) => void response.end('well');
const server = createServer((request, response) => {
  connections.add(request.socket.remotePort);
  asked.push(`${request.method} ${request.headers['content-type']}`);
  request.resume().on('end', () => answer(response));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
const send = (answerMs = 5_000): Promise<Answer> =>
  within({ answerMs, read: createAnswerReader(USUAL_BOUNDS) })(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"método":1}' },
  );

test('requests one after another go over one connection', async () => {
  for (let n = 0; n < 5; n++) expect(await (await send()).text()).toBe('well');
  expect(connections.size).toBe(1);
  expect(new Set(asked)).toEqual(new Set(['POST application/json']));
});

test('a pause that a node asks for is told', async () => {
  answer = (response) => void response.writeHead(429, { 'retry-after': '7' }).end('later');
  const told = await send();
  expect([told.ok, told.status, told.headers.get('retry-after')]).toEqual([false, 429, '7']);
  expect(await told.text()).toBe('later');
});

test('an answer without content is read as one', async () => {
  answer = (response) => void response.writeHead(204).end();
  const told = await send();
  expect([told.ok, told.status, await told.text()]).toEqual([true, 204, '']);
});

test('an answer that is compressed although none was asked for is unpacked', async () => {
  answer = (response) => {
    response.setHeader('content-encoding', 'gzip');
    const packed = createGzip();
    packed.pipe(response);
    packed.end('{"result":7}');
  };
  expect(await (await send()).text()).toBe('{"result":7}');
});

test('a request fails when no answer begins in time, and when the connection ends in one', async () => {
  answer = () => {};
  await expect(send(200)).rejects.toThrow('timeout');
  answer = (response) => {
    response.write('{');
    response.socket?.destroySoon();
  };
  await expect(send()).rejects.toThrow();
  answer = (response) => void response.end('well');
  expect(await (await send()).text()).toBe('well');
});

test.each([
  ['nothing', ''],
  ['no HTTP', 'hello\r\n\r\n'],
  ['a part of a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'],
])('a request fails at once when the connection ends after %s', async (_, text) => {
  answer = (response) => void response.socket?.end(text);
  await expect(send()).rejects.toThrow(/hang up|Parse Error/);
  answer = (response) => void response.end('well');
  expect(await (await send()).text()).toBe('well');
});

test('a request fails at once when the node answers 101', async () => {
  const changing = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  answer = (response) => void response.socket?.write(changing);
  await expect(send()).rejects.toThrow('HTTP 101');
  answer = (response) => void response.end('well');
  expect(await (await send()).text()).toBe('well');
});
