// Proxy: a TCP door in front of a server that a test can slam and open again.
import { connect, createServer, type Socket } from 'node:net';

export type Proxy = {
  readonly port: number;
  /** Cuts every connection and refuses new ones until `open`. */
  slam(): void;
  open(): void;
  close(): Promise<void>;
};

export async function openProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let shut = false;
  const server = createServer((inbound) => {
    if (shut) {
      inbound.destroy();
      return;
    }
    const outbound = connect(targetPort, '127.0.0.1');
    for (const each of [inbound, outbound]) {
      sockets.add(each);
      each.on('error', () => each.destroy());
      each.on('close', () => {
        sockets.delete(each);
        inbound.destroy();
        outbound.destroy();
      });
    }
    inbound.pipe(outbound);
    outbound.pipe(inbound);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    slam() {
      shut = true;
      for (const each of sockets) each.destroy();
    },
    open() {
      shut = false;
    },
    async close() {
      for (const each of sockets) each.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
