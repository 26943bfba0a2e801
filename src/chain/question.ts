// Question: one JSON-RPC call, put together and read without web3.js. web3.js validates each answer
// field by field and builds objects of its own, which takes 2 to 5 ms of CPU for a transaction; in
// a burst the daemon reads thousands. The readers in this folder check the fields that they use.
// Questions of some methods share HTTP requests while several are under way, as JSON-RPC batches: a
// request takes some 0.4 ms of CPU, however many questions it carries.
import type { Connection } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import { afterEvents, createGatherer, upTo } from '../core/gather.ts';
import { AHEAD, askerNow } from './asker.ts';
import { type Carrier, carrierOf } from './rpc.ts';
import { tellerOf, toldBy } from './teller.ts';

type Reply = {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
};

/** An error that a node answered with; `code` is its JSON-RPC code. */
class NodeError extends Error {
  readonly code: number | undefined;
  constructor(code: unknown, message: unknown) {
    super(typeof message === 'string' ? message : 'the node answered with an error');
    this.code = typeof code === 'number' ? code : undefined;
  }
}

/**
 * The methods whose questions share requests: how many share one, and how many requests are under
 * way at once. `sendTransaction` is not among them, because nodes that send for others refuse
 * batches of it.
 */
const SHARED: ReadonlyMap<string, { readonly together: number; readonly atOnce: number }> = new Map(
  [
    ['getTransaction', { together: 16, atOnce: 8 }],
    ['getSignaturesForAddress', { together: 16, atOnce: 8 }],
    ['simulateTransaction', { together: 8, atOnce: 8 }],
  ],
);
/** A connection that answered this many batches in a row with no batch is sent none any more. */
const REFUSALS_MOST = 3;

type Params = readonly unknown[];
/** A question that may share a request, and the part of the daemon that put it. */
type Asked = { readonly params: Params; readonly asker: string };
type Outcome = { readonly result: unknown } | { readonly thrown: unknown };
type Line = {
  readonly carry: Carrier;
  /** Batches in a row that were not answered as one. */
  refusals: number;
  readonly ask: Map<string, (asked: Asked) => Promise<Outcome>>;
};
const lines = new WeakMap<Connection, Line>();

/** The result of a reply. Throws a `NodeError` for an error, and an Error for no reply. */
function resultOf(value: unknown): unknown {
  const reply = value as Reply | null | undefined;
  if (reply === null || typeof reply !== 'object') throw new Error('the answer is no object');
  if (reply.error !== undefined && reply.error !== null)
    throw new NodeError(reply.error.code, reply.error.message);
  if (!('result' in reply)) throw new Error('the answer has no result');
  return reply.result;
}

async function askAlone(
  carry: Carrier,
  method: string,
  { params, asker }: Asked,
): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await carry(body, [asker]);
  const text = await response.text();
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${text.slice(0, 200)}`);
  return toldBy(resultOf(JSON.parse(text)), tellerOf(response));
}

/** The replies to a batch, by place; null when the provider does not answer it as a batch. */
async function askBatch(
  carry: Carrier,
  method: string,
  questions: readonly Asked[],
): Promise<ReadonlyMap<unknown, Reply> | null> {
  const body = questions.map(({ params }, id) => ({ jsonrpc: '2.0', id, method, params }));
  const response = await carry(
    JSON.stringify(body),
    questions.map((each) => each.asker),
  );
  const text = await response.text();
  if (response.status === 429 || response.status >= 500)
    throw new Error(`HTTP ${response.status}: ${text.slice(0, 200)}`);
  const told: unknown = response.ok ? JSON.parse(text) : null;
  if (!Array.isArray(told)) return null;
  const node = tellerOf(response);
  return new Map((told as Reply[]).map((each) => [each?.id, toldBy(each, node)]));
}

/**
 * Puts questions of one method together. One that is not answered with a result is put again by
 * itself, because some providers refuse single methods in batches.
 */
async function askShared(line: Line, method: string, asked: readonly Asked[]): Promise<Outcome[]> {
  const { carry } = line;
  const alone = (one: Asked): Promise<Outcome> =>
    askAlone(carry, method, one).then(
      (result) => ({ result }),
      (thrown: unknown) => ({ thrown }),
    );
  if (asked.length === 1 || line.refusals >= REFUSALS_MOST) return Promise.all(asked.map(alone));
  const replies = await askBatch(carry, method, asked);
  line.refusals = replies === null ? line.refusals + 1 : 0;
  return Promise.all(
    asked.map(async (one, id): Promise<Outcome> => {
      const reply = replies?.get(id);
      return reply != null && 'result' in reply && reply.error == null
        ? { result: toldBy(reply.result, tellerOf(reply)) }
        : alone(one);
    }),
  );
}

function lineOf(connection: Connection, carry: Carrier): Line {
  const known = lines.get(connection);
  if (known?.carry === carry) return known;
  const line: Line = { carry, refusals: 0, ask: new Map() };
  for (const [method, { together, atOnce }] of SHARED)
    line.ask.set(
      method,
      createGatherer<Asked, Outcome>((asked) => askShared(line, method, asked), {
        count: upTo(together),
        atOnce,
        ahead: ({ asker }) => asker === AHEAD,
        when: afterEvents,
      }),
    );
  lines.set(connection, line);
  return line;
}

/**
 * Puts one question and returns its `result`, unchecked, with its teller. Throws a `NodeError` for
 * an error of the node, and an Error for an answer that is none; `asking` turns both into faults.
 */
export async function askNode(
  connection: Connection,
  method: string,
  params: Params,
): Promise<unknown> {
  const carry = carrierOf(connection);
  if (carry === undefined)
    throw new Fault('rpc_unavailable', `${method}: this connection carries no questions`);
  const ask = lineOf(connection, carry).ask.get(method);
  const asked = { params, asker: askerNow() };
  if (ask === undefined) return askAlone(carry, method, asked);
  const outcome = await ask(asked);
  if ('thrown' in outcome) throw outcome.thrown;
  return outcome.result;
}

/** The members of a JSON value that is an object. Throws for any other value. */
export function membersOf(value: unknown, what: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error(`${what} is no object`);
  return value as Record<string, unknown>;
}
/** The items of a JSON array. Throws for any other value. */
export function itemsOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is no array`);
  return value;
}
/** A number that counts: a slot, a height, lamports as web3.js reads them. Throws for others. */
export function countOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new Error(`${what} is no count`);
  return value;
}
/** A text. Throws for any other value. */
export function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is no text`);
  return value;
}
