// Socket node: a node that takes account subscriptions, and ends, mutes and refuses sockets as a
// test tells it to. Its slots are a clock: while the machine stands still, none begins.
import { type WebSocket, WebSocketServer } from 'ws';

const SLOT_MS = 20;

export type Node = {
  url: string;
  sockets: Set<WebSocket>;
  /** How many were ever opened. */
  connections: number;
  /** Subscribed addresses on living connections. */
  subscribed(): string[];
  notify(address: string, slot: number, lamports: number): void;
  /** Notifies an account with any slot and value, as a node that misbehaves. */
  notifyAny(address: string, slot: unknown, value: unknown): void;
  /** The `dataSlice` with which each account was last subscribed to; undefined without one. */
  slices: Map<string, unknown>;
  mute: boolean;
  /** So many slots are left out before the next one. */
  jump: number;
  refuse: boolean;
  refused: number;
  /** Account subscriptions that one connection takes. */
  most: number;
  slotSubscriptions: number;
  /** Questions of connections on which nothing happens. */
  probes: number;
  /** Connections that read and answer nothing. */
  deaf: Set<WebSocket>;
  /** Milliseconds by the slots that the node has begun: while the machine stands still, none. */
  nowMs(): number;
  /** Answers that are kept back; null lets them go at once. */
  kept: (() => void)[] | null;
  close(): Promise<void>;
};

export async function openNode(): Promise<Node> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const accounts = new Map<WebSocket, Map<string, number>>();
  const hearSlots = new Set<WebSocket>();
  let ids = 0;
  let slot = 0;
  let ticks = 0;
  const node: Node = {
    url: `ws://127.0.0.1:${(server.address() as { port: number }).port}`,
    sockets: new Set(),
    connections: 0,
    subscribed: () => [...node.sockets].flatMap((each) => [...(accounts.get(each)?.keys() ?? [])]),
    notify(address, at, lamports) {
      const owner = '11111111111111111111111111111111';
      node.notifyAny(address, at, { lamports, owner, data: ['', 'base64'] });
    },
    notifyAny(address, at, value) {
      for (const socket of node.sockets) {
        const subscription = accounts.get(socket)?.get(address);
        if (subscription === undefined) continue;
        const params = { subscription, result: { context: { slot: at }, value } };
        socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'accountNotification', params }));
      }
    },
    slices: new Map(),
    mute: false,
    jump: 0,
    refuse: false,
    refused: 0,
    most: Number.POSITIVE_INFINITY,
    slotSubscriptions: 0,
    probes: 0,
    deaf: new Set(),
    nowMs: () => ticks * SLOT_MS,
    kept: null,
    async close() {
      clearInterval(ticking);
      for (const socket of node.sockets) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('connection', (socket) => {
    node.connections++;
    node.sockets.add(socket);
    accounts.set(socket, new Map());
    socket.on('close', () => {
      node.sockets.delete(socket);
      hearSlots.delete(socket);
    });
    socket.on('message', (data) => {
      const { id, method, params } = JSON.parse(String(data));
      if (node.deaf.has(socket)) return;
      if (method === 'slotSubscribe') {
        node.slotSubscriptions++;
        hearSlots.add(socket);
      }
      if (method === 'accountUnsubscribe' && params[0] === 0) node.probes++;
      const over = (accounts.get(socket)?.size ?? 0) >= node.most;
      if ((node.refuse || over) && method === 'accountSubscribe') {
        node.refused++;
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32005, message: 'no' } }));
        return;
      }
      ids++;
      const own = accounts.get(socket);
      if (method === 'accountSubscribe') {
        own?.set(params[0], ids);
        node.slices.set(params[0], params[1].dataSlice);
      }
      if (method === 'accountUnsubscribe')
        for (const [address, given] of own ?? []) if (given === params[0]) own?.delete(address);
      const answer = JSON.stringify({ jsonrpc: '2.0', id, result: ids });
      if (node.kept === null) socket.send(answer);
      else node.kept.push(() => socket.send(answer));
    });
  });
  const ticking = setInterval(() => {
    slot++;
    ticks++;
    if (node.mute) return;
    if (node.jump > 0) slot += node.jump;
    node.jump = 0;
    const params = { subscription: 0, result: { slot } };
    for (const socket of hearSlots)
      socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'slotNotification', params }));
  }, SLOT_MS);
  return node;
}
