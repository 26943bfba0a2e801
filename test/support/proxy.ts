// Proxy: a TCP door in front of a server. A test can slam it, freeze it, or let it lose every
// byte.
import { connect, createServer, type Socket } from 'node:net';

export type Proxy = {
  readonly port: number;
  /** Cuts every connection and refuses new ones until `open`. */
  slam(): void;
  open(): void;
  /** Holds every byte back, both ways, without closing anything, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /**
   * Loses every byte from now on, both ways, and the news of every end, as a network without a
   * route. New connections come about, and nothing passes on them.
   */
  lose(): void;
  /** Loses every byte, as `lose` does, from the answer to the first bytes with this text on. */
  loseAt(text: string): void;
  /** New connections pass again. Those that lost bytes stay dead. */
  find(): void;
  close(): Promise<void>;
};

export async function openProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const pairs = new Set<readonly [Socket, Socket]>();
  let shut = false;
  let frozen = false;
  let losing = false;
  const lost = new Set<Socket>();
  const join = ([inbound, outbound]: readonly [Socket, Socket]): void => {
    inbound.pipe(outbound);
    outbound.pipe(inbound);
  };
  const part = ([inbound, outbound]: readonly [Socket, Socket]): void => {
    inbound.unpipe(outbound).pause();
    outbound.unpipe(inbound).pause();
  };
  const forget = ([inbound, outbound]: readonly [Socket, Socket]): void => {
    for (const each of [inbound, outbound]) {
      lost.add(each);
      each.unpipe().resume();
    }
  };
  let loseAt: string | null = null;
  const lose = (): void => {
    losing = true;
    loseAt = null;
    for (const each of pairs) forget(each);
  };
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
        if (lost.delete(each)) return;
        inbound.destroy();
        outbound.destroy();
      });
    }
    inbound.on('data', (bytes: Buffer) => {
      if (loseAt !== null && bytes.includes(loseAt)) lose();
    });
    const pair = [inbound, outbound] as const;
    pairs.add(pair);
    inbound.on('close', () => pairs.delete(pair));
    if (losing) forget(pair);
    else if (frozen) part(pair);
    else join(pair);
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
    freeze() {
      frozen = true;
      for (const each of pairs) part(each);
    },
    thaw() {
      frozen = false;
      for (const each of pairs) join(each);
    },
    lose,
    loseAt(text) {
      loseAt = text;
    },
    find() {
      losing = false;
    },
    async close() {
      for (const each of sockets) each.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
