// Registration: keeps Bailiff's webhooks at Helius in step with the watch-list. A platform that
// registers or retires a subscriber waits for Helius only for a limited time: the other sources
// hear the subscriber anyway, and the loop registers what is missing. A failure is tried again
// soon, then later each time.
import { delayMs } from '../core/backoff.ts';
import type { Address } from '../core/ids.ts';
import type { WebhookRegistry } from '../core/webhook-ports.ts';
import type { WatchedAccounts } from './watched.ts';
import { createKeeper, type KeepPorts } from './webhook-check.ts';

export type RegistrationPorts = KeepPorts & {
  readonly watched: Pick<WatchedAccounts, 'addresses'>;
};
export type RegistrationOptions = {
  /** The longest time that a platform waits for Helius. */
  readonly patienceMs: number;
  /**
   * The time after which a WebSocket counts as dead. Webhooks that are silent ten times as long
   * raise an alarm.
   */
  readonly silentAfterMs: number;
};
export type Registration = {
  /** Sets the registry to write to; null when there is none. */
  begin(webhooks: WebhookRegistry | null): void;
  /** Registers accounts that joined. Resolves when it is done, or after `patienceMs`. */
  joined(): Promise<void>;
  /** Removes accounts that left. Resolves when it is done, or after `patienceMs`. */
  left(addresses: readonly Address[]): Promise<void>;
  /** Called by a loop every few seconds; checks the webhooks when that is due. */
  round(): Promise<void>;
  /** Makes the check due at the next round. */
  ask(): void;
};

const EVERY_MS = 5 * 60_000;
const RETRY = { firstMs: 5_000, mostMs: EVERY_MS };

/** Creates the registration. Nothing is registered before a registry is set. */
export function createRegistration(
  ports: RegistrationPorts,
  { patienceMs, silentAfterMs }: RegistrationOptions,
): Registration {
  const { clock, log, watched } = ports;
  const keep = createKeeper(ports, 10 * silentAfterMs);
  let webhooks: WebhookRegistry | null = null;
  let dueMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  const failed = (thrown: unknown): void => {
    failures++;
    dueMs = clock.elapsedMs() + delayMs(RETRY, failures, clock.random());
    log.warn('helius.not_registered', { err: thrown, failures });
  };
  /** Waits for the work for `patienceMs` at most; the work itself goes on. */
  const inPatience = async (work: Promise<unknown>): Promise<void> => {
    const ended = new AbortController();
    const done = work.catch(failed).finally(() => ended.abort('ended'));
    await Promise.race([done, clock.sleep(patienceMs, ended.signal)]);
  };
  return {
    begin(registry) {
      webhooks = registry;
    },
    async joined() {
      if (webhooks !== null) await inPatience(webhooks.ensure(watched.addresses()));
    },
    async left(gone) {
      if (webhooks !== null) await inPatience(webhooks.remove(gone));
    },
    async round() {
      if (webhooks === null || clock.elapsedMs() < dueMs) return;
      try {
        await keep(webhooks, watched.addresses());
        failures = 0;
        dueMs = clock.elapsedMs() + EVERY_MS;
      } catch (thrown) {
        failed(thrown);
      }
    },
    ask() {
      dueMs = Number.NEGATIVE_INFINITY;
    },
  };
}
