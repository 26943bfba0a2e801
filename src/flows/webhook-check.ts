// Webhook check: keeps Bailiff's webhooks at Helius as they should be, and notices when they
// fall silent. Helius gives up a delivery within seconds and replays nothing, so after a failure
// the other sources must find the missing transactions.

import type { Address } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { WebhookRegistry } from '../core/webhook-ports.ts';

export type KeepPorts = {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when deliveries may be missing: the histories must be scanned now. */
  readonly onHole: () => void;
};

/**
 * Whether webhooks have been silent for longer than `silentAfterMs` although another source heard
 * of transactions.
 */
export function isSilent(
  heard: { webhookMs: number | null; otherMs: number | null },
  nowMs: number,
  silentAfterMs: number,
): boolean {
  const { webhookMs, otherMs } = heard;
  if (otherMs === null) return false;
  // The other source's news must be older than `silentAfterMs`, so that the delivery about the same
  // transaction has had as long to arrive.
  return (
    nowMs - otherMs > silentAfterMs && (webhookMs === null || webhookMs < otherMs - silentAfterMs)
  );
}

/** Creates the keeper; each call checks once. It raises one alarm for each silence. */
export function createKeeper(ports: KeepPorts, silentAfterMs: number) {
  const { ledger, clock, log } = ports;
  let alarmed = false;
  return async (
    webhooks: Pick<WebhookRegistry, 'ensure'>,
    addresses: readonly Address[],
  ): Promise<void> => {
    const { wasDisabled } = await webhooks.ensure(addresses);
    if (wasDisabled) ports.onHole();
    const heard = await ledger.sightings.lastHeard();
    const silent = isSilent(heard, clock.nowMs(), silentAfterMs);
    if (silent && !alarmed)
      log.error('helius.silent', { lastDeliveryMs: heard.webhookMs, lastHeardMs: heard.otherMs });
    if (!silent && alarmed) log.info('helius.heard_again', { lastDeliveryMs: heard.webhookMs });
    alarmed = silent;
  };
}
