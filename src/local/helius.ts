// Helius: a local Helius. It keeps webhook registrations behind the REST calls that helius-sdk
// makes, and posts raw bodies to them at `confirmed`. A delivery is tried again three times, one
// second apart; then it is lost.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import PQueue from 'p-queue';
import { messageOf } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';
import type { Cluster, Landed } from './chain/cluster.ts';
import { encodeDelivery } from './chain/encode.ts';

export type Webhook = {
  readonly webhookID: string;
  wallet: string;
  webhookURL: string;
  transactionTypes: string[];
  accountAddresses: string[];
  webhookType: string;
  /** `all`, `success` or `failed`. */
  txnStatus: string;
  authHeader: string;
  active: boolean;
};

/** The faults that a test can switch on. */
export type DeliveryMischief = {
  dropNext: number;
  duplicate: boolean;
  reverse: boolean;
  delayMs: number;
  /** The credits of the plan are used up: calls are refused, and nothing is delivered. */
  exhausted: boolean;
  /** Calls are read and never answered. */
  hanging: boolean;
};

export type LocalHelius = {
  /** Stands for `https://api-mainnet.helius-rpc.com`. */
  readonly apiUrl: string;
  readonly webhooks: Map<string, Webhook>;
  readonly mischief: DeliveryMischief;
  /** Resolves once every delivery under way has arrived or is lost. */
  deliveriesEnded(): Promise<void>;
  close(): Promise<void>;
};

const RETRIES = 3;
/** The most transactions in one body: a block with thousands of them comes in many bodies. */
const ENTRIES_MOST = 50;
const RETRY_MS = 1_000;
/**
 * Bodies that are posted at once. Building and sending one takes some 8 ms of the process that
 * also serves the chain: with hundreds at once the first would time out before their answers are
 * read.
 */
const POSTED_AT_ONCE = 8;

async function json(request: IncomingMessage): Promise<Partial<Webhook>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0
    ? {}
    : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as Partial<Webhook>);
}

/** Serves the REST interface, and delivers transactions that the cluster confirms. */
export async function serveHelius(
  cluster: Cluster,
  options: { apiKey: string; clock: Clock; port?: number },
): Promise<LocalHelius> {
  const webhooks = new Map<string, Webhook>();
  const mischief: DeliveryMischief = {
    dropNext: 0,
    duplicate: false,
    reverse: false,
    delayMs: 0,
    exhausted: false,
    hanging: false,
  };
  const closing = new AbortController();
  const underway = new Set<Promise<void>>();
  const posts = new PQueue({ concurrency: POSTED_AT_ONCE });

  /** Posts a body once; true when it is not to be posted again. */
  const attempt = async (webhook: Webhook, entries: readonly Landed[]): Promise<boolean> => {
    try {
      const response = await fetch(webhook.webhookURL, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: webhook.authHeader },
        body: JSON.stringify(entries.map(encodeDelivery)),
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(1_000)]),
      });
      await response.arrayBuffer();
      return response.ok || response.status === 403;
    } catch {
      // A refused connection or a time-out is retried like a 5xx.
      return false;
    }
  };
  const post = async (webhook: Webhook, entries: readonly Landed[]): Promise<void> => {
    if (mischief.delayMs > 0) await options.clock.sleep(mischief.delayMs, closing.signal);
    for (let tries = 0; tries <= RETRIES && !closing.signal.aborted; tries++) {
      if (tries > 0) await options.clock.sleep(RETRY_MS, closing.signal);
      if (await posts.add(() => attempt(webhook, entries))) return;
    }
  };
  // The set of a webhook's addresses, of which there can be a hundred thousand, is made once, and
  // not for each block.
  const sets = new WeakMap<readonly string[], ReadonlySet<string>>();
  const watchedBy = ({ accountAddresses }: Webhook): ReadonlySet<string> => {
    const found = sets.get(accountAddresses) ?? new Set(accountAddresses);
    sets.set(accountAddresses, found);
    return found;
  };
  const deliver = (webhook: Webhook, landed: readonly Landed[]): void => {
    const passes = (failed: boolean): boolean =>
      webhook.transactionTypes.includes('ANY') &&
      (webhook.txnStatus === 'all' || (webhook.txnStatus === 'failed') === failed);
    const watched = watchedBy(webhook);
    const relevant = landed.filter(
      ({ execution }) =>
        passes(execution.error !== null) && execution.message.keys.some((key) => watched.has(key)),
    );
    if (relevant.length === 0 || !webhook.active || mischief.exhausted) return;
    if (mischief.dropNext > 0) {
      mischief.dropNext--;
      return;
    }
    const ordered = mischief.reverse ? [...relevant].reverse() : relevant;
    for (let copy = 0; copy < (mischief.duplicate ? 2 : 1); copy++)
      for (let from = 0; from < ordered.length; from += ENTRIES_MOST) {
        const entries = ordered.slice(from, from + ENTRIES_MOST);
        const delivery = post(webhook, entries).finally(() => underway.delete(delivery));
        underway.add(delivery);
      }
  };
  const stop = cluster.on((event) => {
    if (event.kind !== 'block' || event.commitment !== 'confirmed' || event.landed.length === 0)
      return;
    for (const webhook of webhooks.values()) deliver(webhook, event.landed);
  });

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.searchParams.get('api-key') !== options.apiKey)
      return void answer(401, { error: 'invalid api key' });
    if (mischief.hanging) return;
    if (mischief.exhausted) return void answer(429, { error: 'max credits usage reached' });
    const [, , collection, id] = url.pathname.split('/');
    if (collection !== 'webhooks') return void answer(404, { error: 'not found' });
    const found = id === undefined ? undefined : webhooks.get(id);
    if (id !== undefined && found === undefined)
      return void answer(404, { error: 'webhook not found' });
    const given = await json(request);
    if (request.method === 'GET') return void answer(200, found ?? [...webhooks.values()]);
    if (request.method === 'POST') {
      const created: Webhook = {
        webhookID: randomUUID(),
        wallet: 'local',
        webhookURL: '',
        transactionTypes: ['ANY'],
        accountAddresses: [],
        webhookType: 'raw',
        txnStatus: 'all',
        authHeader: '',
        active: true,
        ...given,
      };
      webhooks.set(created.webhookID, created);
      return void answer(200, created);
    }
    if (found === undefined) return void answer(400, { error: 'webhook id required' });
    if (request.method === 'PUT') {
      // Like the real Helius, an update clears each field that it does not contain.
      Object.assign(found, {
        webhookURL: '',
        transactionTypes: [],
        accountAddresses: [],
        authHeader: '',
        txnStatus: 'all',
        ...given,
      });
      return void answer(200, found);
    }
    if (request.method === 'PATCH') {
      found.active = given.active ?? found.active;
      return void answer(200, found);
    }
    webhooks.delete(found.webhookID);
    return void answer(200, {});
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((thrown: unknown) =>
      response.writeHead(500).end(messageOf(thrown)),
    );
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
    });
  });
  return {
    apiUrl: `http://127.0.0.1:${port}`,
    webhooks,
    mischief,
    async deliveriesEnded() {
      while (underway.size > 0) await Promise.all(underway);
    },
    async close() {
      stop();
      closing.abort();
      await Promise.all(underway);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
