// Feed wiring: opens the account subscriptions, whose first socket also tells the slots, and counts
// what hearing costs.
import { type FeedOptions, openFeed } from './chain/feed.ts';
import type { AccountFeed } from './core/chain-ports.ts';
import { createHearingCosts, type HearingCosts } from './core/hearing-costs.ts';
import type { Clock, Log } from './core/ports.ts';
import type { Parts } from './daemon-parts.ts';
import type { RpcCosts } from './flows/rpc-budget.ts';
import type { SlotReading } from './flows/slot-reading.ts';
import type { Sources } from './flows/sources.ts';
import type { Metrics } from './system/metrics.ts';
import type { Settings } from './system/settings.ts';

export type FeedPorts = Pick<FeedOptions, 'onAccount' | 'onSubscribed'> & {
  readonly parts: Pick<Parts, 'rpcUrl' | 'nodes' | 'tip'>;
  readonly sources: Sources;
  readonly slots: Pick<SlotReading, 'notified'>;
  readonly spent: HearingCosts;
  readonly clock: Clock;
  readonly log: Log;
};

/** The URL of the sockets. */
const socketUrlOf = (rpcUrl: string, { rpc }: Pick<Settings, 'rpc'>): string =>
  rpc.wsUrl ?? rpcUrl.replace(/^http/, 'ws');

/** Counts what webhooks and sockets cost, beside the calls, in metrics and budget. */
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

/** Opens the subscriptions; null when that source is off. */
export function openAccountFeed(given: FeedPorts, settings: Settings): AccountFeed | null {
  const { parts, sources, slots, spent, clock, log, onAccount, onSubscribed } = given;
  if (!settings.watch.sources.includes('subscriptions')) return null;
  return openFeed({
    ...settings.watch,
    url: socketUrlOf(parts.rpcUrl, settings),
    ...{ clock, log, onAccount, onSubscribed },
    admit: parts.nodes.admitSocket,
    canBe: parts.tip.canBe,
    onSlot(slot) {
      slots.notified(slot);
      sources.note('subscriptions', slot, clock.nowMs());
    },
    onOpened: spent.onOpened,
    onBytes: spent.onBytes,
  });
}
