// Proxies: the stream behind proxies between an engine and the daemon: one that compresses, one
// that cuts every stream after a while, and one that loses the connection without a sign. The
// engine goes on, or says what is wrong.
import { request as ask, createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { createGzip } from 'node:zlib';
import { expect, test } from 'vitest';
import { createGateClient } from '../../src/gate-client/client.ts';
import { openProxy } from '../support/proxy.ts';
import { openStreet } from '../support/street.ts';

const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
};

test('a proxy that compresses, one that cuts, one that falls silent, and an idle keep-alive', async () => {
  await using street = await openStreet({ webhooks: false });
  const { hostname, port } = new URL(street.app().url);
  // Compresses all answers that the reader accepts compressed, ignores `no-transform`, and holds
  // back bytes that do not fill a block.
  const compressing = createServer((request, response) => {
    const { url = '/', headers } = request;
    const onward = ask({ hostname, port, path: url, headers }, (answer) => {
      const zip = /gzip/.test(String(headers['accept-encoding']));
      const given = answer.headers;
      response.writeHead(
        answer.statusCode ?? 502,
        zip ? { ...given, 'content-encoding': 'gzip' } : given,
      );
      (zip ? answer.pipe(createGzip()) : answer).pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end();
  });
  await using open = new AsyncDisposableStack();
  open.defer(() => {
    compressing.closeAllConnections();
    compressing.close();
  });
  const behind = createGateClient({ url: `http://127.0.0.1:${await portOf(compressing)}/` });
  open.defer(() => behind.close());
  await behind.ready({ timeoutMs: 45_000 });

  const proxy = await openProxy(Number(port));
  open.defer(() => proxy.close());
  const states: string[] = [];
  const gate = createGateClient({
    url: `http://127.0.0.1:${proxy.port}`,
    onState: (state, why) => states.push(`${state}: ${why}`),
  });
  open.defer(() => gate.close());
  await gate.ready({ timeoutMs: 45_000 });
  proxy.slam();
  await expect.poll(() => gate.state).not.toBe('live');
  proxy.open();
  await expect.poll(() => gate.state).toBe('live');
  // The proxy closes no connection and passes nothing on: only the missing beats show it.
  proxy.freeze();
  await expect
    .poll(() => states)
    .toContainEqual(
      expect.stringMatching(/nothing came for \d+ s, though a beat is due each second/),
    );
  proxy.thaw();
  await expect.poll(() => gate.state).toBe('live');

  const idle = connect(Number(port), '127.0.0.1');
  let head = '';
  idle.on('data', (data) => {
    head += data.toString('latin1');
  });
  idle.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
  const seconds = () => Number(/keep-alive: timeout=(\d+)/i.exec(head)?.[1] ?? 0);
  await expect.poll(seconds).toBeGreaterThan(60);
  idle.destroy();
});
