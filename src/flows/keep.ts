// Keep: our webhooks at Helius stay as they should be, and their silence is noticed. Helius gives
// up on a delivery within seconds and replays nothing: after any trouble the other sources fill the
// hole.
import type { Address } from '../core/ids.ts';
import type { WebhookRegistry } from '../core/outside.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';

export type KeepPorts = {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  /** Something was not delivered: the histories must be walked now. */
  readonly onHole: () => void;
};

/**
 * Whether webhooks have been silent although another source heard of the chain moving, for longer
 * than this.
 */
export function isSilent(
  heard: { webhookMs: number | null; otherMs: number | null },
  nowMs: number,
  silentAfterMs: number,
): boolean {
  const { webhookMs, otherMs } = heard;
  if (otherMs === null) return false;
  // Give the delivery of that same transaction its time.
  return (
    nowMs - otherMs > silentAfterMs && (webhookMs === null || webhookMs < otherMs - silentAfterMs)
  );
}

/** Creates the keeper; each call looks once. It raises the alarm once for each silence. */
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
