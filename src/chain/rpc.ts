// Rpc: the connection to a Solana node, through web3.js, with time-outs and faults that say whether
// to try again. It never makes an answer up: an error is an error, never an absence.
import { Connection } from '@solana/web3.js';
import { Fault, messageOf } from '../core/fault.ts';
import type { RpcOutcome } from '../core/outcomes.ts';
import { createAnswerReader, type ReadAnswer, USUAL_BOUNDS } from './answer.ts';

/** By when an answer must have arrived where no setting is at hand. */
export const ANSWER_MS = 10_000;
/**
 * JSON-RPC codes that pass by themselves: behind, unhealthy, slot not there yet, long-term storage
 * trouble.
 */
const PASSING = new Set([
  -32001, -32004, -32005, -32007, -32008, -32009, -32014, -32016, -32019, -32603,
]);

/**
 * Is told of every call, answered or failed. `node` is the host of its URL: API keys stand in paths
 * and queries.
 */
export type RpcListener = (call: {
  readonly method: string;
  readonly node: string;
  readonly outcome: RpcOutcome;
  readonly ms: number;
}) => void;

/** An answer of JSON-RPC says at its beginning or end whether it is an error. */
const ERROR = /"error"\s*:\s*\{\s*"(?:code|message)"\s*:/;
const ENDS = 300;
const refuses = (body: string): boolean =>
  ERROR.test(body.slice(0, ENDS)) || ERROR.test(body.slice(-ENDS));

/**
 * Sends requests to a URL, and tells of each once its answer is read. `elapsedMs` is time that
 * never goes back.
 */
export function listening(
  url: string,
  onCall: RpcListener,
  elapsedMs: () => number,
  send: typeof fetch = fetch,
): typeof fetch {
  const node = URL.parse(url)?.host ?? 'unknown';
  return async (_input, init) => {
    // A batch counts as the calls that it carries.
    const methods = [...String(init?.body).matchAll(/"method":"(\w+)"/g)];
    const sinceMs = elapsedMs();
    const tell = (outcome: RpcOutcome): void => {
      const ms = elapsedMs() - sinceMs;
      for (const [, method = 'unknown'] of methods) onCall({ method, node, outcome, ms });
    };
    let answer: Response;
    try {
      answer = await send(url, init);
    } catch (thrown) {
      tell('failed');
      throw thrown;
    }
    if (!answer.ok) {
      tell(answer.status === 429 ? 'limited' : 'failed');
      return answer;
    }
    const text = answer.text.bind(answer);
    const told = async (): Promise<string> => {
      try {
        const body = await text();
        tell(refuses(body) ? 'refused' : 'answered');
        return body;
      } catch (thrown) {
        tell('failed');
        throw thrown;
      }
    };
    // web3.js reads answers as text: what it reads is what is told of.
    return Object.defineProperty(answer, 'text', { value: told });
  };
}

/** What bounds the calls of a connection. */
export type CallBounds = { readonly answerMs: number; readonly read: ReadAnswer };

/** Sends a request and reads its answer, both within the bounds. */
export const within =
  ({ answerMs, read }: CallBounds, send: typeof fetch = fetch): typeof fetch =>
  async (input, init) =>
    read(await send(input, { ...init, signal: AbortSignal.timeout(answerMs) }));

const USUAL: CallBounds = { answerMs: ANSWER_MS, read: createAnswerReader(USUAL_BOUNDS) };

/** Posts a body to the URL of a connection, under its bounds and its guard. */
export type Carrier = (body: string) => Promise<Response>;

const carriers = new WeakMap<Connection, Carrier>();

/** What a connection carries batches with; undefined for one that was never told. */
export const carrierOf = (connection: Connection): Carrier | undefined => carriers.get(connection);
/** Lets a connection carry batches. `openConnection` does so by itself. */
export const carryWith = (connection: Connection, carrier: Carrier): void =>
  void carriers.set(connection, carrier);

/**
 * Opens a connection. web3.js must not retry by itself: our own budgets decide. `send` carries a
 * request within bounds of its own; where it is left out, the request goes to the URL as it is,
 * also when another chain answers there.
 */
export function openConnection(
  rpcUrl: string,
  wsUrl: string | null,
  send: typeof fetch = within(USUAL),
): Connection {
  const connection = new Connection(rpcUrl, {
    commitment: 'confirmed',
    disableRetryOnRateLimit: true,
    ...(wsUrl === null ? {} : { wsEndpoint: wsUrl }),
    fetch: send,
  });
  carryWith(connection, (body) =>
    send(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
  );
  return connection;
}

/** The text of an error without what may be secret in it: query strings of URLs carry API keys. */
export function redact(text: string): string {
  return text
    .replace(/([?&](?:api-key|api_key|apikey|token)=)[^&\s"']+/gi, '$1…')
    .replace(/(https?:\/\/[^\s"'?]*\?)[^\s"']+/g, '$1…');
}

/** A URL as it may be shown: keys stand in paths, queries and credentials. */
export function shownUrl(url: string): string {
  try {
    const { protocol, host, pathname, search } = new URL(url);
    return `${protocol}//${host}${pathname.length > 1 || search !== '' ? '/…' : ''}`;
  } catch {
    return 'a URL that cannot be read';
  }
}

/** Runs one RPC call, and turns whatever it throws into a fault. */
export async function asking<T>(method: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const code = (thrown as { code?: unknown } | null)?.code;
    const message = redact(messageOf(thrown)).slice(0, 300);
    const refused = typeof code === 'number' && code <= -32000 && !PASSING.has(code);
    throw new Fault(refused ? 'rpc_refused' : 'rpc_unavailable', `${method}: ${message}`, {
      context: { method, code },
    });
  }
}
