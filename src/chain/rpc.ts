// Rpc: opens connections to Solana nodes through web3.js, with deadlines, and turns errors into
// faults that say whether to try again. An error is never returned as an absence.
import { Connection } from '@solana/web3.js';
import { Fault, messageOf } from '../core/fault.ts';
import type { RpcOutcome } from '../core/outcomes.ts';
import {
  type Answer,
  createAnswerReader,
  type ReadAnswer,
  type Send,
  USUAL_BOUNDS,
} from './answer.ts';
import { type AskedRequest, askerOf } from './asker.ts';
import { post } from './post.ts';

/** The deadline of an answer where no setting applies. Milliseconds. */
const ANSWER_MS = 10_000;
/**
 * JSON-RPC error codes that pass: node behind, unhealthy, slot not there yet, trouble with
 * long-term storage.
 */
const PASSING = new Set([
  -32001, -32004, -32005, -32007, -32008, -32009, -32014, -32016, -32019, -32603,
]);

/**
 * Called after every call, answered or failed. `node` is the host of the URL, because paths and
 * queries contain API keys; `source` is the part of the daemon that asked (asker.ts).
 */
export type RpcListener = (call: {
  readonly method: string;
  readonly node: string;
  readonly source: string;
  readonly outcome: RpcOutcome;
  readonly ms: number;
}) => void;

/**
 * Matches the error member of a JSON-RPC answer. Only the beginning and the end of a body are
 * searched.
 */
const ERROR = /"error"\s*:\s*\{\s*"(?:code|message)"\s*:/;
const ENDS = 300;
const refuses = (body: string): boolean =>
  ERROR.test(body.slice(0, ENDS)) || ERROR.test(body.slice(-ENDS));

/**
 * Returns a fetch that sends to a URL and reports each call once its answer is read. `elapsedMs` is
 * a clock that never goes back.
 */
export function listening(
  url: string,
  onCall: RpcListener,
  elapsedMs: () => number,
  send: Send,
): Send {
  const node = URL.parse(url)?.host ?? 'unknown';
  return async (_input, init: AskedRequest | undefined) => {
    // A batch counts as the calls that it contains.
    const calls = [...String(init?.body).matchAll(/"method":"(\w+)"/g)].map(
      ([, method = 'unknown'], index) => ({ method, node, source: askerOf(init, index) }),
    );
    const sinceMs = elapsedMs();
    const tell = (outcome: RpcOutcome): void => {
      const ms = elapsedMs() - sinceMs;
      for (const call of calls) onCall({ ...call, outcome, ms });
    };
    let answer: Answer;
    try {
      answer = await send(url, init);
    } catch (thrown) {
      tell(init?.signal?.aborted === true ? 'given_up' : 'failed');
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
    // web3.js reads answers through `text`, so the outcome is known when that is called.
    return Object.defineProperty(answer, 'text', { value: told, configurable: true });
  };
}

/** The bounds of the calls of a connection: deadline in milliseconds, and reader of answers. */
export type CallBounds = { readonly answerMs: number; readonly read: ReadAnswer };

/** Matches the id of a request of web3.js, which ends its body. */
const REQUEST_ID = /"id":"([\w-]{36})"\}$/;

/** Requests that begin within so many milliseconds share a deadline. */
const DEADLINE_SHARED_MS = 100;

/**
 * Creates a function that returns the deadline of a request that begins now: `ms` to `ms` + 100
 * milliseconds from now. A timer for each request would take longer, and make an error with a stack
 * when it runs out after the answer. `elapsedMs` is a clock that never goes back.
 */
function createDeadlines(ms: number, elapsedMs: () => number): () => AbortSignal {
  let sharedFromMs = Number.NEGATIVE_INFINITY;
  let deadline: AbortSignal;
  return () => {
    if (elapsedMs() - sharedFromMs >= DEADLINE_SHARED_MS) {
      sharedFromMs = elapsedMs();
      deadline = AbortSignal.timeout(ms + DEADLINE_SHARED_MS);
    }
    return deadline;
  };
}

/**
 * Returns a fetch that sends a request, and reads the answer to that request within the bounds.
 * `elapsedMs` is a clock that never goes back; without one, each request has a timer of its own.
 * `send` carries requests in place of the network; for tests.
 */
export function within(
  { answerMs, read }: CallBounds,
  send: typeof fetch | typeof post = post,
  elapsedMs?: () => number,
): Send {
  const deadline =
    elapsedMs === undefined
      ? () => AbortSignal.timeout(answerMs)
      : createDeadlines(answerMs, elapsedMs);
  return async (input, init) => {
    const id = typeof init?.body === 'string' ? REQUEST_ID.exec(init.body)?.[1] : undefined;
    const signal = init?.signal ? AbortSignal.any([deadline(), init.signal]) : deadline();
    const answer = await send(input, { ...init, signal });
    return read(answer, id ?? null);
  };
}

const USUAL: CallBounds = { answerMs: ANSWER_MS, read: createAnswerReader(USUAL_BOUNDS) };

/**
 * Posts a body to the URL of a connection, within its bounds and checks. `askers` are the parts of
 * the daemon that put its questions, in order; left out, the part that calls.
 */
export type Carrier = (body: string, askers?: readonly string[]) => Promise<Answer>;

const carriers = new WeakMap<Connection, Carrier>();

/** The carrier of a connection's batches; undefined when it has none. */
export const carrierOf = (connection: Connection): Carrier | undefined => carriers.get(connection);
/** Gives a connection a carrier for batches. `openConnection` does so itself. */
export const carryWith = (connection: Connection, carrier: Carrier): void =>
  void carriers.set(connection, carrier);

/**
 * Opens a connection. web3.js must not retry by itself, because the daemon has budgets of its own.
 * `send` carries the requests; without it they go to the URL within usual bounds, and no check of
 * the chain is made.
 */
export function openConnection(
  rpcUrl: string,
  wsUrl: string | null,
  send: Send = within(USUAL),
): Connection {
  const connection = new Connection(rpcUrl, {
    commitment: 'confirmed',
    disableRetryOnRateLimit: true,
    ...(wsUrl === null ? {} : { wsEndpoint: wsUrl }),
    // web3.js reads no more of an answer than `Answer` has.
    fetch: send as typeof fetch,
  });
  carryWith(connection, (body, askers) => {
    const headers = { 'content-type': 'application/json' };
    const request: AskedRequest = { method: 'POST', headers, body, ...(askers && { askers }) };
    return send(rpcUrl, request);
  });
  return connection;
}

/** The text of an error without secrets: the query strings of URLs contain API keys. */
export function redact(text: string): string {
  return text
    .replace(/([?&](?:api-key|api_key|apikey|token)=)[^&\s"']+/gi, '$1…')
    .replace(/(https?:\/\/[^\s"'?]*\?)[^\s"']+/g, '$1…');
}

/** A URL without path, query and credentials, which may contain keys. */
export function shownUrl(url: string): string {
  try {
    const { protocol, host, pathname, search } = new URL(url);
    return `${protocol}//${host}${pathname.length > 1 || search !== '' ? '/…' : ''}`;
  } catch {
    return 'a URL that cannot be read';
  }
}

/**
 * Runs one RPC call. Throws `rpc_refused` for an error that will not pass, else `rpc_unavailable`.
 */
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
