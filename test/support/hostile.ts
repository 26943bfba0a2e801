// Hostile: requests that no client sends by mistake, as bytes on a socket: broken framing, targets
// in odd spellings, bodies that are too deep, too large, of another encoding or no text at all, and
// headers that hold what does not belong there.
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../sim/random.ts';

const CRLF = '\r\n';
const DEEP = `${'['.repeat(3_000)}${']'.repeat(3_000)}`;
const BODIES: readonly (string | Buffer)[] = [
  '',
  'null',
  'true',
  '0',
  '[]',
  '""',
  DEEP,
  `{"reason":${DEEP}}`,
  `{"a":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`,
  '{"reason":"\\ud800 half a pair"}',
  '{"reason":"\\u0000 nul"}',
  '{"a\\u0000b":1}',
  '{"__proto__":{"admin":true},"constructor":{"prototype":{}}}',
  '{"reason":"x","reason":"y"}',
  '{"amount":9223372036854775808,"purpose":"withdraw"}',
  '{"amount":"9223372036854775808","purpose":"withdraw"}',
  '{"purpose":"withdraw","amount":"-1"}',
  '{"fromSlot":1e308,"reason":"much"}',
  '{"fromSlot":9007199254740993,"reason":"much"}',
  '{"since":"9999-99-99T99:99:99Z"}',
  '{"since":"275760-09-13T00:00:00.001Z"}',
  '{"scope":"all ","reason":"x y z"}',
  '{"subscribers":["\\ud800","","ana"]}',
  '{"url":"https://203.0.113.7:99999/"}',
  '{"url":"http://[::ffff:127.0.0.1]/"}',
  '{"url":"https://a:b@\\u0000/"}',
  `{"reason":"${'x'.repeat(70_000)}"}`,
  `{"reason":"${'[1,'.repeat(3_000)}"}`,
  '\ufeff{"reason":"a byte order mark"}',
  '{"broken',
  Buffer.from([0xff, 0xfe, 0x00, 0x7b]),
  Buffer.from('{"reason":"\xff\xfe"}', 'latin1'),
  gzipSync('{"reason":"packed"}'),
  deflateSync('{"reason":"packed"}'),
  gzipSync(Buffer.alloc(8 * 1_024 * 1_024)),
  gzipSync('{"reason":"packed"}').subarray(0, 12),
];
const TARGETS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => path.replace('/v1/', '/v1//'),
  (path) => path.replace('/v1/', '/v1/./'),
  (path) => path.replace('/v1/', '/x/../v1/'),
  (path) => path.replace('/v1/', '/%76%31/'),
  (path) => path.replace(/[a-z](?=[a-z]*$)/, (each) => `%${each.charCodeAt(0).toString(16)}`),
  (path) => `${path}/`,
  (path) => `${path}%00`,
  (path) => `${path}%`,
  (path) => `${path}%ff%fe`,
  (path) => `${path}%ed%a0%80`,
  (path) => `${path}?limit=%ff`,
  (path) => `${path}?limit=1&limit=2&limit=x`,
  (path) => `${path}?before[$ne]=1&limit[]=5`,
  (path) => `${path}?before=${'9'.repeat(200)}`,
  (path) => `${path}?before=1.x.2147483648.y`,
  (path) => `${path}?before=999999999999999.x.9999999999.y`,
  (path) => `${path}?__proto__=1&constructor=2`,
  (path) => `${path}#fragment`,
  (path) => `http://elsewhere.example${path}`,
  (path) => `${path}?${'x'.repeat(12_000)}`,
  (path) => `${path}/${'y'.repeat(400)}`,
  () => '*',
  () => '/',
  () => '//',
  () => '/..%2f..%2fetc%2fpasswd',
];
const HEADERS: readonly string[] = [
  'idempotency-key: same',
  'idempotency-key: ',
  `idempotency-key: ${'k'.repeat(300)}`,
  'idempotency-key: \u00e9\u00e8',
  'x-bailiff-person: \u00ff\u00fe',
  `x-bailiff-person: ${'p'.repeat(400)}`,
  'x-bailiff-person: Jane Doe',
  'x-request-id: a b"c',
  'x-request-id: fine-1',
  `x-request-id: ${'r'.repeat(3_000)}`,
  'authorization: Bearer',
  'authorization: Basic \u00ff',
  'content-encoding: gzip',
  'content-encoding: deflate',
  'content-encoding: br',
  'content-encoding: gzip, gzip',
  'content-type: text/plain',
  'content-type: application/json; charset=utf-16',
  'content-type: application/x-www-form-urlencoded',
  'content-type: ',
  'expect: 100-continue',
  'expect: something',
  'upgrade: websocket\r\nconnection: upgrade',
  'last-event-id: 1:x:y',
  'accept-encoding: \u0001',
  'x-forwarded-for: 203.0.113.7, \u00ff',
  `x-long: ${'h'.repeat(17_000)}`,
  'no colon here',
  ' folded: line',
];
const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'TRACE',
];

/** The bytes of one hostile request to one of these paths. */
export function hostileBytes(random: Random, paths: readonly string[]): Buffer {
  const method = random.chance(0.03)
    ? random.pick(['BREW', 'get', 'G T', 'CONNECT'])
    : random.pick(METHODS);
  const target = random.pick(TARGETS)(random.pick(paths));
  const body = Buffer.from(random.pick(BODIES) as string);
  const lines = [`${method} ${target} HTTP/1.1`, 'connection: close'];
  if (!random.chance(0.02)) lines.push('host: x');
  if (random.chance(0.7)) lines.push('content-type: application/json');
  for (let n = random.below(3); n > 0; n--) lines.push(random.pick(HEADERS));
  const head = (framing: string): Buffer =>
    Buffer.from([...lines, framing, '', ''].join(CRLF), 'latin1');
  switch (random.below(8)) {
    case 0:
      return Buffer.concat([
        head('transfer-encoding: chunked'),
        Buffer.from(`${body.length.toString(16)}${CRLF}`),
        body,
        Buffer.from(`${CRLF}0${CRLF}${CRLF}`),
      ]);
    case 1:
      return Buffer.concat([head('transfer-encoding: chunked'), Buffer.from('zz\r\n'), body]);
    case 2:
      return Buffer.concat([head(`content-length: ${body.length}\r\ntransfer-encoding: chunked`)]);
    case 3:
      return Buffer.concat([head('content-length: -1'), body]);
    case 4:
      return head('x-nothing: follows');
    default:
      return Buffer.concat([head(`content-length: ${body.length}`), body]);
  }
}

export type HostileAnswer = { readonly status: number | null; readonly text: string };

/**
 * Sends bytes on a socket of their own. The status is null where the connection was closed without
 * an answer.
 */
export function sendBytes(port: number, bytes: Buffer): Promise<HostileAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const done = (): void => {
      const text = Buffer.concat(chunks).toString('latin1');
      const status = /^HTTP\/1\.1 (\d{3}) (?!Continue)/m.exec(text)?.[1];
      resolve({ status: status === undefined ? null : Number(status), text });
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // A stream of the gate has no end.
      if (chunk.includes('text/event-stream')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', done);
    socket.end(bytes);
  });
}
