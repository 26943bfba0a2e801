// Post proxy: where Node is told to use the proxies of the environment, requests to nodes go
// through them, in a process of its own, because Node reads the setting when it starts.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const POST = path.join(import.meta.dirname, '../../src/chain/post.ts');
/** Posts to a URL, and prints the answer. */
const ASKING = `
  const { post } = await import(process.argv[1]);
  const { body } = await post(process.argv[2], { method: 'POST', body: 'asked' });
  for await (const piece of body) process.stdout.write(piece);`;
const listening = async (server: ReturnType<typeof createServer>): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

test('a request goes through the proxy that the environment names', async () => {
  const node = createServer((request, response) => request.pipe(response));
  const tunnels: (string | undefined)[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    tunnels.push(request.url);
    const onward = connect(nodePort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
  });
  const [nodePort, proxyPort] = [await listening(node), await listening(proxy)];
  const url = `http://node.invalid:${nodePort}/`;
  try {
    const args = ['--input-type=module', '-e', ASKING, POST, url];
    const env = {
      PATH: process.env.PATH,
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: `http://127.0.0.1:${proxyPort}`,
    };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect([stdout, tunnels]).toEqual(['asked', [`node.invalid:${nodePort}`]]);
  } finally {
    for (const server of [node, proxy]) {
      server.closeAllConnections();
      server.close();
    }
  }
});
