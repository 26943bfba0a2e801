// Node: one RPC node, which is checked to belong to our chain. The node is asked for its genesis
// hash before its first use, again after it could not be reached, and every 10 s. A node that names
// another chain is not used until it names ours again.
import { Fault } from '../core/fault.ts';
import { otherChain } from '../core/genesis.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Send } from './answer.ts';
import { askedBy } from './asker.ts';
import { askGenesis } from './genesis-question.ts';
import type { Witness } from './proof.ts';
import {
  type CallBounds,
  listening,
  openConnection,
  type RpcListener,
  shownUrl,
  within,
} from './rpc.ts';
import { toldBy } from './teller.ts';

/**
 * Returns the genesis hash of our chain, given one that a node named. At the first start the named
 * hash becomes the ledger's. Null when it does not fit the network, and the ledger has none yet.
 */
export type ExpectGenesis = (found: string) => Promise<string | null>;

export type ChainNode = Witness & {
  /** The setting that names the node. */
  readonly what: 'rpc' | 'second rpc' | `rpc ${number}` | 'websocket';
  /** The URL without path, query and credentials. */
  readonly shown: string;
  /**
   * The genesis hash that the node named last, when it is not ours; null when it is ours or not
   * known.
   */
  readonly foreign: string | null;
};
export type NodeOptions = {
  readonly wsUrl: string | null;
  readonly expect: ExpectGenesis;
  readonly clock: Pick<Clock, 'elapsedMs'>;
  readonly log: Log;
  readonly bounds: CallBounds;
  readonly onCall?: RpcListener;
  /** A clock in milliseconds that never goes back, for the duration of calls. */
  readonly elapsedMs: () => number;
  /** Carries requests in place of the network; for tests. */
  readonly send?: typeof fetch;
};

/** An answer to the question for the genesis hash is believed for this long. */
const HELD_FOR_MS = 10_000;
/**
 * An answer counts when the node named our chain before and after it, at most so many milliseconds
 * apart. A process that is suspended, or waits longer for an answer, may miss that the URL turned
 * to another chain and back. Longer than HELD_FOR_MS and two answers.
 */
const apartMsMost = (answerMs: number): number => Math.max(100_000, HELD_FOR_MS + 2 * answerMs);

/** Answers of a node do not count: it named our chain too long before and after them. */
export const unsureFault = (what: ChainNode['what'], shown: string): Fault =>
  new Fault(
    'rpc_unavailable',
    `The ${what} URL ${shown} named our chain too long before and after its answers. They do not count, and are asked for again.`,
  );

/** A node, with what its requests need. */
export type OpenNode = ChainNode & {
  readonly url: string;
  /**
   * Asks the node for its genesis hash, unless it answered within the last `forMs` milliseconds.
   * Throws `chain_foreign` when the node named another chain last, and `rpc_unavailable` when it
   * does not answer.
   */
  hold(forMs: number): Promise<void>;
  /** As `hold`, with an answer to a question that is asked after this call. */
  confirm(): Promise<void>;
  /** Sends a request to the node, once it has named our chain. */
  fetch: Send;
  /**
   * The number of answers that the node gave, and of its changes between our chain and another.
   * `unsure`: the number of the last answer that came between two answers that name our chain, and
   * these came too long apart; 0 when none did.
   */
  count(): { readonly answers: number; readonly turns: number; readonly unsure: number };
};

/** Opens one node. No request is sent yet. */
export function openNode(what: ChainNode['what'], url: string, options: NodeOptions): OpenNode {
  const { clock, log, expect, bounds, elapsedMs, onCall = () => {}, send: carry } = options;
  const send = listening(url, onCall, elapsedMs, within(bounds, carry, elapsedMs));
  const shown = shownUrl(url);
  const apartMs = apartMsMost(bounds.answerMs);
  let heldAtMs = Number.NEGATIVE_INFINITY;
  let foreign: { readonly found: string; readonly ours: string | null } | null = null;
  let asking: Promise<void> | null = null;
  let following: Promise<void> | null = null;
  let [answers, turns, unsure] = [0, 0, 0];
  /** When the node named our chain last, and the number of answers before that. */
  let [oursAtMs, answersThen] = [Number.NEGATIVE_INFINITY, 0];

  const ask = async (): Promise<void> => {
    const found = await askedBy('nodes', () => askGenesis(url, send));
    const ours = await expect(found);
    const was = foreign;
    foreign = found === ours ? null : { found, ours };
    if ((foreign === null) !== (was === null)) turns++;
    heldAtMs = clock.elapsedMs();
    if (foreign === null) {
      if (answers > answersThen && heldAtMs - oursAtMs > apartMs) unsure = answers;
      [oursAtMs, answersThen] = [heldAtMs, answers];
    }
    if (foreign !== null && was === null)
      log.error('node.foreign', { node: what, url: shown, found, ours });
    if (foreign === null && was !== null) log.info('node.ours_again', { node: what, url: shown });
  };
  const askOnce = (): Promise<void> => {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
  const requireOurs = (): void => {
    if (foreign !== null)
      throw new Fault(
        'chain_foreign',
        `The ${what} URL ${shown} belongs to another chain: ${otherChain(foreign.found, foreign.ours)}.`,
        { context: { node: what, found: foreign.found } },
      );
  };
  const hold = async (forMs: number): Promise<void> => {
    if (clock.elapsedMs() - heldAtMs > forMs) await askOnce();
    requireOurs();
  };
  // A question under way may have been answered before the call: the next one counts, and callers
  // that wait for it share it.
  const confirm = async (): Promise<void> => {
    const ended = asking?.then(
      () => {},
      () => {},
    );
    following ??= Promise.resolve(ended).then(() => {
      following = null;
      return askOnce();
    });
    await following;
    requireOurs();
  };
  const held: Send = async (_input, init) => {
    await hold(HELD_FOR_MS);
    try {
      const answer = await send(url, init);
      answers++;
      return toldBy(answer, connection);
    } catch (thrown) {
      // Another node may answer at this URL next time, so its chain is checked again.
      heldAtMs = Number.NEGATIVE_INFINITY;
      throw thrown;
    }
  };
  const connection = openConnection(url, options.wsUrl, held);
  return {
    what,
    url,
    shown,
    connection,
    fetch: held,
    hold,
    confirm,
    count: () => ({ answers, turns, unsure }),
    get foreign() {
      return foreign?.found ?? null;
    },
    async ofOurChain() {
      const last = answers;
      try {
        await confirm();
      } catch (thrown) {
        if (foreign !== null) return false;
        throw thrown;
      }
      if (last > 0 && unsure >= last) throw unsureFault(what, shown);
      return true;
    },
  };
}
