// Burst door: an RPC URL of a local node that answers as a provider does: each answer after a set
// latency, and 429 with `Retry-After` once more calls come in a second than the plan allows. Each
// request inside a JSON-RPC batch counts as a call of its own.
import { createServer, type IncomingMessage } from 'node:http';

export type Door = {
  readonly url: string;
  /** Calls let through since the last `reset`, by method, and requests refused with 429. */
  readonly calls: Map<string, number>;
  refused(): number;
  reset(): void;
  limit(perSecond: number): void;
  close(): Promise<void>;
};

const TOO_MANY =
  '{"jsonrpc":"2.0","error":{"code":429,"message":"Too many requests for your plan"},"id":null}';

function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => resolve(Buffer.concat(chunks)));
    incoming.on('error', reject);
  });
}
function methodsOf(body: Buffer): string[] {
  const parsed = JSON.parse(body.toString('utf8')) as { method?: string } | { method?: string }[];
  return (Array.isArray(parsed) ? parsed : [parsed]).map((each) => each.method ?? '');
}

/**
 * Opens the door before `reply`, which answers the body of a request. The bucket holds the calls of
 * a quarter of a second, because the chain that shares its process takes no request for up to
 * 200 ms while it executes, and those that wait come at once.
 */
export async function openDoor(reply: (body: string) => string, latencyMs: number): Promise<Door> {
  const calls = new Map<string, number>();
  let refused = 0;
  let perSecond = Number.POSITIVE_INFINITY;
  let tokens = 0;
  let filledMs = performance.now();
  const take = (count: number): boolean => {
    if (perSecond === Number.POSITIVE_INFINITY) return true;
    const nowMs = performance.now();
    const most = Math.max(perSecond / 4, 100);
    tokens = Math.min(most, tokens + ((nowMs - filledMs) * perSecond) / 1_000);
    filledMs = nowMs;
    if (tokens < count) return false;
    tokens -= count;
    return true;
  };
  const server = createServer({ keepAliveTimeout: 120_000 }, (incoming, outgoing) => {
    void bodyOf(incoming).then((body) => {
      const methods = methodsOf(body);
      if (!take(methods.length)) {
        refused++;
        outgoing.writeHead(429, { 'content-type': 'application/json', 'retry-after': '1' });
        outgoing.end(TOO_MANY);
        return;
      }
      for (const method of methods) calls.set(method, (calls.get(method) ?? 0) + 1);
      setTimeout(() => {
        outgoing.setHeader('content-type', 'application/json');
        outgoing.end(reply(body.toString('utf8')));
      }, latencyMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return {
    url: `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`,
    calls,
    refused: () => refused,
    reset() {
      calls.clear();
      refused = 0;
    },
    limit(most) {
      perSecond = most;
      tokens = Math.max(most / 4, 100);
      filledMs = performance.now();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
