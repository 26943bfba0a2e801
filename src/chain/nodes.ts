// Nodes: the RPC nodes of the settings, and the host of the WebSocket, each held to our chain. A
// node is asked for its genesis hash before anything else, again after it could not be reached, and
// every few seconds; one that names another chain is not asked any more until it names ours again.
// What is asked goes to the first node that is ours.
import type { Connection } from '@solana/web3.js';
import { ROUNDS_ALONE } from '../core/death.ts';
import { Fault, messageOf } from '../core/fault.ts';
import { type Finding, wrong } from '../core/finding.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Witness } from './proof.ts';
import {
  type CallBounds,
  listening,
  openConnection,
  type RpcListener,
  redact,
  shownUrl,
  within,
} from './rpc.ts';

/**
 * The genesis hash of our chain. At the very first start the one that was found becomes it, where
 * no known hash speaks against it.
 */
export type ExpectGenesis = (found: string) => Promise<string>;

export type ChainNode = Witness & {
  /** Which setting names it. */
  readonly what: 'rpc' | 'second rpc' | 'websocket';
  /** The URL as it may be shown: without its path, query and credentials. */
  readonly shown: string;
  /**
   * The genesis hash that it named last, when that is not ours; null while it is ours, or not
   * known.
   */
  readonly foreign: string | null;
};
export type Nodes = {
  /** Asks the first node that belongs to our chain. Throws `chain_foreign` when none does. */
  readonly connection: Connection;
  readonly first: ChainNode;
  readonly second: ChainNode | null;
  /**
   * At start: says what the lack of a second provider means, and asks every node that answers.
   * Throws `chain_foreign` naming the first that belongs to another chain.
   */
  holdAll(): Promise<void>;
  /** Why nothing can be asked: every node belongs to another chain. Null while one is ours. */
  trouble(): string | null;
  /** What a person should mend of the settings of nodes. */
  readonly findings: readonly Finding[];
  /** As `Chain.vouch`, for the node that is asked. */
  vouch(): Promise<void>;
  /**
   * Whether the WebSocket may be opened: false while the host that it leads to names another chain.
   * Few hosts answer questions at the URL of their WebSocket; for one that does not, only the slots
   * that it tells show what chain it is of.
   */
  admitSocket(): Promise<boolean>;
};

const HELD_FOR_MS = 10_000;
const FRESH_MS = 1_000;
/**
 * A host that answers questions at the URL of its WebSocket does so by then: nothing waits longer
 * for one that does not.
 */
const SOCKET_MS = 2_000;
/**
 * A host that does not answer questions at the URL of its WebSocket is not asked again for so long.
 */
const UNTOLD_FOR_MS = 60_000;

/** Where the host of a WebSocket would answer questions over HTTP. */
const overHttp = (wsUrl: string): string => wsUrl.replace(/^ws/, 'http');

/**
 * Whether two URLs name one node: all of them but the fragment, a default port and a slash at the
 * end is compared.
 */
export function isSameNode(one: string, other: string): boolean {
  const plain = (text: string): string => {
    const url = URL.parse(text);
    if (url === null) return text;
    return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}${url.search}`;
  };
  return plain(one) === plain(other);
}

/** Whether two URLs name one host, as two keys of one provider do. */
export const isSameHost = (one: string, other: string): boolean =>
  URL.parse(one)?.host !== undefined && URL.parse(one)?.host === URL.parse(other)?.host;

export const SAME_NODE: Finding = wrong(
  'second rpc',
  'BAILIFF_SECOND_RPC_URL names the same node as BAILIFF_RPC_URL: it counts as none, because one node cannot confirm itself',
  'Set BAILIFF_SECOND_RPC_URL to another provider, or leave it out.',
);

export type NodesOptions = {
  readonly url: string;
  readonly wsUrl: string | null;
  readonly secondUrl: string | null;
  readonly expect: ExpectGenesis;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
  readonly bounds: CallBounds;
  readonly onCall?: RpcListener;
  /** Time that never goes back, in milliseconds: calls are measured by it. */
  readonly elapsedMs: () => number;
  /** Carries requests; left out, the network does. */
  readonly send?: typeof fetch;
};

type Held = ChainNode & { hold(forMs: number): Promise<void>; fetch: typeof fetch };

/** The genesis hash that a node names. Throws `rpc_unavailable`. */
async function askGenesis(url: string, send: typeof fetch): Promise<string> {
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"getGenesisHash"}',
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { result } = JSON.parse(await response.text()) as { result?: unknown };
    if (typeof result !== 'string') throw new Error('it names no genesis hash');
    return result;
  } catch (thrown) {
    throw new Fault(
      'rpc_unavailable',
      `getGenesisHash of ${shownUrl(url)}: ${redact(messageOf(thrown)).slice(0, 200)}`,
    );
  }
}

function openNode(what: ChainNode['what'], url: string, options: NodesOptions): Held {
  const { clock, log, expect, bounds, elapsedMs, onCall = () => {}, send: carry } = options;
  const send = listening(url, onCall, elapsedMs, within(bounds, carry));
  const shown = shownUrl(url);
  let heldAtMs = Number.NEGATIVE_INFINITY;
  let foreign: { readonly found: string; readonly ours: string } | null = null;
  let asking: Promise<void> | null = null;

  const ask = async (): Promise<void> => {
    const found = await askGenesis(url, send);
    const ours = await expect(found);
    const was = foreign;
    foreign = found === ours ? null : { found, ours };
    heldAtMs = clock.nowMs();
    if (foreign !== null && was === null)
      log.error('node.foreign', { node: what, url: shown, found, ours });
    if (foreign === null && was !== null) log.info('node.ours_again', { node: what, url: shown });
  };
  const hold = async (forMs: number): Promise<void> => {
    if (clock.nowMs() - heldAtMs > forMs) {
      asking ??= ask().finally(() => {
        asking = null;
      });
      await asking;
    }
    if (foreign !== null)
      throw new Fault(
        'chain_foreign',
        `The ${what} URL ${shown} belongs to another chain: its genesis hash is ${foreign.found}, and this ledger's is ${foreign.ours}.`,
        { context: { node: what, found: foreign.found } },
      );
  };
  const held: typeof fetch = async (_input, init) => {
    await hold(HELD_FOR_MS);
    try {
      return await send(url, init);
    } catch (thrown) {
      // What answers at this URL the next time may be another node.
      heldAtMs = Number.NEGATIVE_INFINITY;
      throw thrown;
    }
  };
  const connection = openConnection(url, options.wsUrl, held);
  return {
    what,
    shown,
    connection,
    fetch: held,
    hold,
    get foreign() {
      return foreign?.found ?? null;
    },
    async ofOurChain() {
      heldAtMs = Number.NEGATIVE_INFINITY;
      try {
        await hold(0);
        return true;
      } catch (thrown) {
        if (foreign !== null) return false;
        throw thrown;
      }
    },
  };
}

/** Opens the nodes of the settings. Nothing is asked yet. */
export function openNodes(options: NodesOptions): Nodes {
  const first = openNode('rpc', options.url, options);
  // A node that is asked twice is one witness, not two.
  const same = options.secondUrl !== null && isSameNode(options.url, options.secondUrl);
  const second =
    options.secondUrl === null || same
      ? null
      : openNode('second rpc', options.secondUrl, { ...options, wsUrl: null });
  const all = second === null ? [first] : [first, second];
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

  /**
   * Runs work on the first node that is ours; on the next one only when a node belongs to another
   * chain.
   */
  const onOurs = async <T>(work: (node: Held) => Promise<T>): Promise<T> => {
    let refused: unknown;
    for (const node of all) {
      try {
        return await work(node);
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.code !== 'chain_foreign') throw thrown;
        refused ??= thrown;
      }
    }
    throw refused;
  };
  return {
    first,
    second,
    findings: same ? [SAME_NODE] : [],
    connection: openConnection(options.url, options.wsUrl, (input, init) =>
      onOurs((node) => node.fetch(input, init)),
    ),
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
      return `Every RPC node of the settings belongs to another chain: ${all.map((node) => `${node.shown} (genesis ${node.foreign})`).join(', ')}.`;
    },
    vouch: () => onOurs((node) => node.hold(FRESH_MS)),
    async admitSocket() {
      if (options.clock.nowMs() < untoldUntilMs) return true;
      try {
        await (socket ?? first).hold(FRESH_MS);
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code === 'chain_foreign') return false;
        untoldUntilMs = options.clock.nowMs() + UNTOLD_FOR_MS;
      }
      return true;
    },
  };
}
