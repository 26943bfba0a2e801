// Server: serves the local chain on loopback: HTTP on one port and WebSocket on the next, as
// web3.js expects of a local node.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { messageOf } from '../../core/fault.ts';
import type { Cluster } from './cluster.ts';
import { type Mischief, strikes } from './mischief.ts';
import { RpcError } from './params.ts';
import { createRpcMethods, type RpcMethods } from './rpc.ts';
import { createSubscriber } from './subscriptions.ts';

const KEEP_ALIVE_MS = 120_000;

export type ChainServer = {
  readonly rpcUrl: string;
  readonly wsUrl: string;
  /** Every method that was called, in order, for tests that count calls. */
  readonly calls: string[];
  /** The answer to the body of a request, for a server that stands for a provider. */
  reply(body: string): string;
  /** Closes every WebSocket with this close code. */
  cutSockets(code: number): void;
  close(): Promise<void>;
};

type Request = { jsonrpc?: string; id?: unknown; method?: string; params?: unknown[] };
const MOST_REMEMBERED_CALLS = 100_000;

function answer(methods: RpcMethods, mischief: Mischief, request: Request) {
  const reply = { jsonrpc: '2.0', id: request.id ?? null };
  const fail = (code: number, message: string, data?: unknown) => ({
    ...reply,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  });
  const method = methods[request.method ?? ''];
  if (method === undefined) return fail(-32601, 'Method not found');
  const failing = mischief.failing.get(request.method ?? '') ?? 0;
  if (failing > 0) {
    mischief.failing.set(request.method ?? '', failing - 1);
    return fail(-32005, 'Node is behind');
  }
  try {
    return { ...reply, result: method(request.params ?? []) };
  } catch (thrown) {
    if (thrown instanceof RpcError) return fail(thrown.code, thrown.message, thrown.data);
    return fail(-32603, `Internal error: ${messageOf(thrown)}`);
  }
}

/** The text of a request. An iteration over its chunks would take more than to answer it. */
function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

/** Serves a cluster. With port 0 a free pair of ports is found. */
export async function serveChain(
  cluster: Cluster,
  mischief: Mischief,
  port = 0,
): Promise<ChainServer> {
  const methods = createRpcMethods(cluster, mischief);
  const calls: string[] = [];
  const note = (method: string | undefined): void => {
    if (calls.length < MOST_REMEMBERED_CALLS) calls.push(method ?? '');
  };
  const run = (each: Request) => {
    note(each.method);
    return answer(methods, mischief, each);
  };
  const reply = (body: string): string => {
    let parsed: Request | Request[];
    try {
      parsed = JSON.parse(body) as Request | Request[];
    } catch {
      return '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}';
    }
    return JSON.stringify(Array.isArray(parsed) ? parsed.map(run) : run(parsed));
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('content-type', 'application/json');
    const body = await bodyOf(request);
    if (strikes(mischief, 'tooManyRequests')) {
      response
        .writeHead(429)
        .end('{"jsonrpc":"2.0","error":{"code":429,"message":"Too many requests"},"id":null}');
      return;
    }
    const text = reply(body);
    // Without a call of writeHead, the answer goes out in one piece, with its length.
    if (mischief.delayMs > 0) setTimeout(() => response.end(text), mischief.delayMs);
    else response.end(text);
  };
  // Idle connections are kept open, as real nodes do. Node's default closes them after 5 s, and a
  // request that reuses one then fails.
  const http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    serve(request, response).catch((thrown: unknown) =>
      response.writeHead(500).end(messageOf(thrown)),
    );
  });
  // Like Agave's WebSocket port, this one answers no HTTP requests.
  const wsHttp = createServer((_request, response) => response.writeHead(426).end());
  const bound = await bindPair(http, wsHttp, port);
  const sockets = new WebSocketServer({ server: wsHttp });
  sockets.on('connection', (socket: WebSocket) => {
    const subscriber = createSubscriber(socket, cluster, mischief);
    socket.on('close', () => subscriber.close());
    socket.on('message', (raw: Buffer) => {
      if (mischief.muteSockets) return;
      const request = JSON.parse(raw.toString('utf8')) as Request;
      note(request.method);
      const result = subscriber.handle(request.method ?? '', request.params ?? []);
      if (request.id === undefined) return;
      const reply =
        result === undefined
          ? answer(methods, mischief, request)
          : { jsonrpc: '2.0', id: request.id, result };
      socket.send(JSON.stringify(reply));
    });
  });
  return {
    rpcUrl: `http://127.0.0.1:${bound}`,
    wsUrl: `ws://127.0.0.1:${bound + 1}`,
    calls,
    reply,
    cutSockets(code) {
      for (const socket of sockets.clients) socket.close(code);
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      http.closeAllConnections();
      await Promise.all(
        [http, wsHttp].map((server) => new Promise((resolve) => server.close(resolve))),
      );
    },
  };
}

/** Binds two neighbouring ports; tries others when the second is taken. */
async function bindPair(first: Server, second: Server, port: number): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    const bound = await listen(first, port);
    try {
      await listen(second, bound + 1);
      return bound;
    } catch (thrown) {
      await new Promise((resolve) => first.close(resolve));
      second.removeAllListeners('error');
      if (port !== 0 || attempt >= 20) throw thrown;
    }
  }
}
