// Feed wiring: opens the feeds that tell of accounts as they change: the sockets of account
// subscriptions, whose first one also tells the slots, and the gRPC streams, which also name
// transactions. Each is open only where the settings use its source. Their costs are counted here.
import { openFeed } from './chain/feed.ts';
import { knowsBlockhash } from './chain/genesis-question.ts';
import type { StreamOptions } from './chain/stream.ts';
import { openStreamFeed } from './chain/stream-feed.ts';
import type { AccountFeed } from './core/chain-ports.ts';
import { createHearingCosts, type HearingCosts } from './core/hearing-costs.ts';
import type { Address } from './core/ids.ts';
import type { Clock, Log } from './core/ports.ts';
import type { Source } from './core/source.ts';
import type { Parts } from './daemon-parts.ts';
import type { AccountChanges } from './flows/account-changes.ts';
import type { RpcCosts } from './flows/rpc-budget.ts';
import type { SlotReading } from './flows/slot-reading.ts';
import type { Sources } from './flows/sources.ts';
import type { Metrics } from './system/metrics.ts';
import type { Settings } from './system/settings.ts';

export type FeedsPorts = {
  readonly parts: Pick<Parts, 'nodes' | 'tip' | 'rpcUrl'>;
  readonly sources: Sources;
  readonly watch: Pick<AccountChanges, 'notified' | 'subscribed' | 'sliceOf'>;
  /** Takes the state of a nonce account; false for every other account. */
  readonly takeNonce: (...told: Parameters<AccountChanges['notified']>) => boolean;
  readonly onTransactions: StreamOptions['onTransactions'];
  readonly slots: Pick<SlotReading, 'notified'>;
  readonly spent: Pick<HearingCosts, 'onOpened' | 'onBytes'>;
  readonly clock: Clock;
  readonly log: Log;
};
export type StreamStatus = {
  readonly streams: number;
  readonly accounts: number;
  readonly subscribed: number;
  /** How often a provider did not replay what was missed, since the daemon began. */
  readonly gaps: number;
};
export type Feeds = Pick<AccountFeed, 'follow' | 'close'> & {
  /** The account subscriptions; null when that source is off. */
  sockets(): ReturnType<AccountFeed['status']> | null;
  /** The gRPC streams; null when that source is off. */
  stream(): StreamStatus | null;
  /** Whether one feed is subscribed to every account and told of the chain within this time. */
  isHeard(withinMs: number): boolean;
};

/** The URL of the sockets. */
const socketUrlOf = (rpcUrl: string, { rpc }: Pick<Settings, 'rpc'>): string =>
  rpc.wsUrl ?? rpcUrl.replace(/^http/, 'ws');

/** Creates the counter that adds the costs of webhooks and sockets to metrics and budget. */
export const countHearing = (
  { rpcUrl }: Pick<Parts, 'rpcUrl'>,
  settings: Settings,
  metrics: Pick<Metrics, 'spent'>,
  costs: Pick<RpcCosts, 'note'>,
): HearingCosts =>
  createHearingCosts(URL.parse(socketUrlOf(rpcUrl, settings))?.host ?? 'unknown', (spent) => {
    metrics.spent(spent);
    costs.note({ ...spent, outcome: 'answered' });
  });

/** Opens the feeds of the settings, which follow no account yet. */
export function openFeeds(ports: FeedsPorts, settings: Settings): Feeds {
  const { parts, sources, watch, takeNonce, clock, log } = ports;
  const { nodes, tip } = parts;
  const { rpc, secrets } = settings;
  const uses = (source: Source): boolean => settings.watch.sources.includes(source);
  const told = (source: Source) => ({
    ...settings.watch,
    clock,
    log,
    canBe: tip.canBe,
    onSlot: (slot: number) => sources.note(source, slot, clock.nowMs()),
    onAccount(...given: Parameters<AccountChanges['notified']>) {
      sources.note(source, given[1], clock.nowMs());
      if (!takeNonce(...given)) watch.notified(...given);
    },
  });
  const sockets = !uses('subscriptions')
    ? null
    : openFeed({
        ...told('subscriptions'),
        url: socketUrlOf(parts.rpcUrl, settings),
        admit: nodes.admitSocket,
        sliceOf: watch.sliceOf,
        onSubscribed: watch.subscribed,
        onSlot(slot) {
          ports.slots.notified(slot);
          sources.note('subscriptions', slot, clock.nowMs());
        },
        onOpened: ports.spent.onOpened,
        onBytes: ports.spent.onBytes,
      });
  let gaps = 0;
  const stream =
    !uses('stream') || rpc.streamUrl === null
      ? null
      : openStreamFeed({
          ...told('stream'),
          url: rpc.streamUrl,
          token: secrets.streamToken,
          isOurs: knowsBlockhash(nodes.connection),
          onTransactions: ports.onTransactions,
          onUnread: watch.subscribed,
          onGap: () => gaps++,
        });
  const all = [sockets, stream].filter((each) => each !== null);
  const names: readonly [Source, AccountFeed | null][] = [
    ['subscriptions', sockets],
    ['stream', stream],
  ];
  return {
    follow(addresses: readonly Address[]) {
      for (const each of all) each.follow(addresses);
    },
    sockets: () => sockets?.status() ?? null,
    stream() {
      if (stream === null) return null;
      const { sockets: streams, accounts, subscribed } = stream.status();
      return { streams, accounts, subscribed, gaps };
    },
    isHeard: (withinMs) =>
      names.some(([source, feed]) => {
        const held = feed?.status();
        if (held === undefined || held.subscribed !== held.accounts) return false;
        const lastMs = sources.read()[source]?.lastMs ?? Number.NEGATIVE_INFINITY;
        return clock.nowMs() - lastMs < withinMs;
      }),
    async close() {
      await Promise.all(all.map((each) => each.close()));
    },
  };
}
