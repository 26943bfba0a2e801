// Provider: the nodes behind one RPC URL, of which each request reaches a random one; and the
// network, on which requests are lost, answered late, or answered with an error although they
// arrived. The daemon sees only `fetch`.
import { BLOCKHASH_LIFE, type SimChain } from './chain/chain.ts';
import { readTransaction, type SimTransaction } from './chain/message.ts';
import { METHODS, RpcError, type SimNode } from './chain/node.ts';
import { opensNonce } from './chain/nonces.ts';
import { venueOfProgram } from './chain/venues.ts';
import type { Random } from './random.ts';

/** The parts of requests and answers that go wrong; all zero is fair weather. */
export type Weather = {
  /** Requests that fail, and simulations that fail on one node and would not on another. */
  error: number;
  /** Bytes that reach no leader. */
  lost: number;
  /** Sends that are answered with an error although the bytes are on their way. */
  denied: number;
  /** Bytes that a leader takes up only later, perhaps too late. */
  delayed: number;
  /** Answers from a node that is some blocks behind. */
  lag: number;
  /** Answers from a node one of whose indices is broken. */
  lie: number;
};
export const FAIR: Weather = { error: 0, lost: 0, denied: 0, delayed: 0, lag: 0, lie: 0 };

export type Provider = {
  readonly nodes: SimNode[];
  /** Answers one request body. */
  fetch(body: string): string;
  /** Handles bytes that a daemon sends. Throws when the answer is an error. */
  send(transaction: SimTransaction): void;
  /** From now on every node behind the URL belongs to this chain. */
  follow(chain: SimChain): void;
};

/**
 * An oracle that is stale on this node: a passing error of the venue, at the first instruction that
 * asks it.
 */
const flaky = ({ instructions }: SimTransaction): unknown => {
  const at = instructions.findIndex(({ program }) => venueOfProgram(program) !== null);
  return at < 0 ? 'BlockhashNotFound' : { InstructionError: [at, { Custom: 6035 }] };
};
const LAG_MOST = 4;

export function createProvider(given: {
  nodes: SimNode[];
  chain: SimChain;
  random: Random;
  weather: () => Weather;
  /** Whether it takes several questions in one request. */
  batches: boolean;
}): Provider {
  const { nodes, random } = given;
  let { chain } = given;
  const send = (transaction: SimTransaction): void => {
    const { lost, denied, delayed } = given.weather();
    chain.heard(transaction);
    // In a storm no lane would ever begin to pay, if its nonce account did not open.
    if (!random.chance(lost) || opensNonce(transaction))
      chain.submit(transaction, random.chance(delayed) ? 1 + random.below(BLOCKHASH_LIFE + 4) : 0);
    if (random.chance(denied)) throw new RpcError(-32005, 'denied, and yet it is on its way');
  };
  /** The node that gets the next request. */
  const route = (): SimNode => {
    const chosen = random.pick(nodes);
    return random.chance(given.weather().lag)
      ? { ...chosen, lag: chosen.lag + 1 + random.below(LAG_MOST) }
      : chosen;
  };
  const answer = (node: SimNode, method: string, params: readonly unknown[]): unknown => {
    const weather = given.weather();
    if (random.chance(weather.error)) throw new RpcError(-32005, 'weather');
    if (method === 'sendTransaction') {
      const bytes = Buffer.from(String(params[0]), 'base64');
      let transaction: SimTransaction;
      try {
        transaction = readTransaction(bytes, true);
      } catch (thrown) {
        throw new RpcError(-32602, String(thrown));
      }
      send(transaction);
      return transaction.signature;
    }
    const run = METHODS[method];
    if (run === undefined) throw new RpcError(-32601, `Method not found: ${method}`);
    const result = run(node, params);
    if (method === 'simulateTransaction' && random.chance(weather.error)) {
      const { value } = result as { value: Record<string, unknown> };
      const transaction = readTransaction(Buffer.from(String(params[0]), 'base64'), false);
      if (value.err === null) Object.assign(value, { err: flaky(transaction), logs: [] });
    }
    return result;
  };
  type Request = { id: unknown; method: string; params?: unknown[] };
  const reply = (node: SimNode, { id, method, params }: Request) => {
    try {
      return { jsonrpc: '2.0', id, result: answer(node, method, params ?? []) };
    } catch (thrown) {
      if (!(thrown instanceof RpcError)) throw thrown;
      const { code, message } = thrown;
      return { jsonrpc: '2.0', id, error: { code, message } };
    }
  };
  return {
    nodes,
    send,
    follow(other) {
      chain = other;
      for (const node of nodes) node.chain = other;
    },
    fetch(body) {
      const asked = JSON.parse(body) as Request | Request[];
      // A batch is one request, so one node gets all of it.
      const node = route();
      if (!Array.isArray(asked)) return JSON.stringify(reply(node, asked));
      const error = { code: -32600, message: 'Batches are not taken' };
      return JSON.stringify(
        given.batches
          ? asked.map((each) => reply(node, each))
          : { jsonrpc: '2.0', id: null, error },
      );
    },
  };
}
