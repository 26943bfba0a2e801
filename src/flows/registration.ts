// Registration: our webhooks at Helius follow the watch-list. A platform that registers or retires
// a subscriber waits for Helius only so long: the other sources hear the subscriber anyway, and the
// loop registers what is missing. A failure is tried again soon, then later each time.
import { delayMs } from '../core/backoff.ts';
import type { Address } from '../core/ids.ts';
import type { WebhookRegistry } from '../core/outside.ts';
import { createKeeper, type KeepPorts } from './keep.ts';
import type { WatchedAccounts } from './watched.ts';

export type RegistrationPorts = KeepPorts & {
  readonly watched: Pick<WatchedAccounts, 'addresses'>;
};
export type RegistrationOptions = {
  /** How long a platform waits for Helius. */
  readonly patienceMs: number;
  /**
   * A WebSocket counts as dead after so long; webhooks that bring nothing for ten times as long
   * raise an alarm.
   */
  readonly silentAfterMs: number;
};
export type Registration = {
  /** From now on there is a registry to write to; with null there is none. */
  begin(webhooks: WebhookRegistry | null): void;
  /** Accounts joined. Resolves once they are registered, or after `helius.patienceMs`. */
  joined(): Promise<void>;
  /** Accounts left. The same. */
  left(addresses: readonly Address[]): Promise<void>;
  /** What a loop runs every few seconds: looks when it is time. */
  round(): Promise<void>;
  /** Has the next round look, whatever the time. */
  ask(): void;
};

const EVERY_MS = 5 * 60_000;
const RETRY = { firstMs: 5_000, mostMs: EVERY_MS };

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
    dueMs = clock.nowMs() + delayMs(RETRY, failures, clock.random());
    log.warn('helius.not_registered', { err: thrown, failures });
  };
  /** Waits for work that goes on by itself. */
  const inPatience = async (work: Promise<unknown>): Promise<void> => {
    const ended = new AbortController();
    const done = work.catch(failed).finally(() => ended.abort());
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
      if (webhooks === null || clock.nowMs() < dueMs) return;
      try {
        await keep(webhooks, watched.addresses());
        failures = 0;
        dueMs = clock.nowMs() + EVERY_MS;
      } catch (thrown) {
        failed(thrown);
      }
    },
    ask() {
      dueMs = Number.NEGATIVE_INFINITY;
    },
  };
}
