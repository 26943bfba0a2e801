// Nodes: the RPC nodes of the settings, and the host of the WebSocket, each checked to belong to
// our chain (node.ts). Questions go to the first node that belongs to our chain and answers.
import type { Connection } from '@solana/web3.js';
import { ROUNDS_ALONE } from '../core/death.ts';
import type { Finding } from '../core/doctor-finding.ts';
import { Fault } from '../core/fault.ts';
import { shownGenesis } from '../core/genesis.ts';
import type { Clock } from '../core/ports.ts';
import { askedBy } from './asker.ts';
import { type ChainNode, type NodeOptions, type OpenNode, openNode, unsureFault } from './node.ts';
import { byUrl, furtherUrls, isSameNode, type NodeUrls, SAME_NODE } from './node-urls.ts';
import { createPool, type PoolOptions } from './pool.ts';
import type { PoolStatus } from './pool-member.ts';
import { openConnection } from './rpc.ts';

export type Nodes = {
  /**
   * Sends to the first node that belongs to our chain and answers; see pool.ts. Throws
   * `chain_foreign` when every node belongs to another chain.
   */
  readonly connection: Connection;
  /** How each node of the pool is doing. */
  pool(): readonly PoolStatus[];
  /**
   * Called every few seconds where there are several nodes. Asks two kinds of nodes for their slot:
   * those that get no reads because they are too far behind, and those that told no slot for 10 s.
   * A node that does not answer keeps the slot that it told before.
   */
  lookAtSlots(): Promise<void>;
  /**
   * A connection to each node alone, to which transactions are sent; none where there is one node,
   * which is asked through the pool and its window.
   */
  readonly senders: readonly Connection[];
  readonly first: ChainNode;
  readonly second: ChainNode | null;
  /**
   * Called at start. Warns when there is no second provider, and asks every node for its genesis
   * hash. Throws `chain_foreign` for the first node that belongs to another chain; a node that does
   * not answer is no error.
   */
  holdAll(): Promise<void>;
  /** Why no node can be used: all belong to another chain. Null when at least one is ours. */
  trouble(): string | null;
  /** The findings on the nodes of the settings that a person should mend. */
  readonly findings: readonly Finding[];
  /** As `Chain.witnessed`. */
  witnessed<T>(read: () => Promise<T>): Promise<T>;
  /**
   * Whether the WebSocket may be opened: false while its host names the genesis hash of another
   * chain. Few hosts answer HTTP questions at the URL of their WebSocket; the chain of the others
   * shows only in the slots that they send.
   */
  admitSocket(): Promise<boolean>;
};

const FRESH_MS = 1_000;
/**
 * A host that answers at the URL of its WebSocket does so within 2 s, so no question there waits
 * longer.
 */
const SOCKET_MS = 2_000;
/** A host that did not answer at the URL of its WebSocket is not asked again for a minute. */
const UNTOLD_FOR_MS = 60_000;

/** The HTTP URL at which the host of a WebSocket may answer questions. */
const overHttp = (wsUrl: string): string => wsUrl.replace(/^ws/, 'http');

export type NodesOptions = NodeUrls &
  NodeOptions & {
    readonly clock: Pick<Clock, 'nowMs' | 'elapsedMs' | 'sleep'>;
    /** How the nodes share requests; see pool.ts. */
    readonly pool?: PoolOptions;
  };

/** Opens the nodes of the settings. No request is sent yet. */
export function openNodes(options: NodesOptions): Nodes {
  const first = openNode('rpc', options.url, options);
  // One node that is asked twice is one witness, not two.
  const same = options.secondUrl !== null && isSameNode(options.url, options.secondUrl);
  const second =
    options.secondUrl === null || same
      ? null
      : openNode('second rpc', options.secondUrl, { ...options, wsUrl: null });
  const witnesses = second === null ? [first] : [first, second];
  const more = furtherUrls(options).map((url, index) =>
    openNode(`rpc ${index + 3}`, url, { ...options, wsUrl: null }),
  );
  const all = [...witnesses, ...more];
  const { wsUrl } = options;
  let untoldUntilMs = Number.NEGATIVE_INFINITY;
  const socket =
    wsUrl === null || overHttp(wsUrl) === options.url
      ? null
      : openNode('websocket', overHttp(wsUrl), {
          ...options,
          wsUrl: null,
          bounds: { ...options.bounds, answerMs: Math.min(options.bounds.answerMs, SOCKET_MS) },
        });

  // A node of another chain gets no question. Neither does a node that fails or asks for a pause,
  // as long as another one answers. Evidence that names its source asks its own node, never the
  // pool.
  const weightOf = byUrl(options, options.weights ?? []);
  const rateOf = byUrl(options, options.callsPerSecond ?? []);
  const pool = createPool(
    all.map((node) => ({
      name: node.what,
      send: node.fetch,
      weight: weightOf(node.url),
      callsPerSecond: rateOf(node.url),
    })),
    options.clock,
    options.pool,
  );
  const askSlot = async (node: OpenNode): Promise<void> => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'getSlot',
      params: [{ commitment: 'confirmed' }],
    });
    const headers = { 'content-type': 'application/json' };
    await pool.told(node.what, body, await node.fetch(node.url, { method: 'POST', headers, body }));
  };
  return {
    senders: all.length === 1 ? [] : all.map((node) => node.connection),
    first,
    second,
    findings: same ? [SAME_NODE] : [],
    connection: openConnection(options.url, options.wsUrl, pool.send),
    pool: pool.status,
    async lookAtSlots() {
      const untold = new Set<string>(pool.untold());
      const asked = all.filter((node) => untold.has(node.what));
      await askedBy('nodes', () => Promise.allSettled(asked.map(askSlot)));
    },
    async holdAll() {
      if (same) options.log.error('rpc.same', { detail: SAME_NODE.says });
      if (second === null)
        options.log.warn('rpc.alone', {
          detail: `One RPC provider alone is asked whether a payment can still land. Its URL may stand for many nodes, so that takes ${ROUNDS_ALONE} agreeing rounds, some blocks apart; with BAILIFF_SECOND_RPC_URL two independent providers must agree.`,
        });
      const asked = socket === null ? all : [...all, socket];
      const answers = await Promise.allSettled(asked.map((node) => node.hold(0)));
      for (const answer of answers)
        if (answer.status === 'rejected') {
          const { reason } = answer;
          if (!(reason instanceof Fault) || reason.code !== 'rpc_unavailable') throw reason;
        }
    },
    trouble() {
      if (all.some((node) => node.foreign === null)) return null;
      return `Every RPC node of the settings belongs to another chain: ${all.map((node) => `${node.shown} (genesis ${shownGenesis(node.foreign ?? '')})`).join(', ')}.`;
    },
    async witnessed(read) {
      const before = all.map((node) => ({ node, ...node.count() }));
      const found = await read();
      for (const { node, answers, turns } of before) {
        if (node.count().answers === answers) continue;
        await node.confirm();
        if (node.count().turns !== turns)
          throw new Fault(
            'chain_foreign',
            `The ${node.what} URL ${node.shown} belonged to another chain for a while. What it told meanwhile does not count.`,
          );
        if (node.count().unsure > answers) throw unsureFault(node.what, node.shown);
      }
      return found;
    },
    async admitSocket() {
      if (options.clock.elapsedMs() < untoldUntilMs) return true;
      try {
        await (socket ?? first).hold(FRESH_MS);
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code === 'chain_foreign') return false;
        untoldUntilMs = options.clock.elapsedMs() + UNTOLD_FOR_MS;
      }
      return true;
    },
  };
}
