// Notify: delivers events to endpoints, signed as Standard Webhooks, and tries again until they are
// taken. An event that an endpoint has not taken for days is given up on record, and an endpoint
// that takes nothing at all is disabled and reported. An event may be delivered more than once; its
// id tells the receiver.
import { endpointBinding } from '../core/bindings.ts';
import { DEAD_AFTER_MS, type Dispatch, retryAfterMs, type SealedSecret } from '../core/endpoint.ts';
import type { EventSender } from '../core/event-sender.ts';
import { messageOf } from '../core/fault.ts';
import type { MasterKey } from '../core/master-key.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import { withoutSecretUrl } from '../core/redaction.ts';
import type { Vault } from '../core/signing-ports.ts';
import { isoTime } from '../core/time.ts';

export type NotifyPorts = {
  readonly ledger: Pick<Ledger, 'endpoints'>;
  readonly vault: Vault;
  readonly masterKey: Pick<MasterKey, 'trouble'>;
  readonly sender: EventSender;
  readonly clock: Clock;
  readonly log: Log;
};

const BATCH = 20;
/** Longer than one attempt may take. */
const LEASE_MS = 60_000;
const GONE = 410;
/** An endpoint that answers later than this is not waited for: 15 s may pass without an answer. */
const PATIENCE_MS = 500;

/** The time until an event is tried again whose endpoint's secret does not open. */
const HELD_MS = 60_000;

const opened = (vault: Vault, endpointId: string, secret: SealedSecret): string =>
  vault.open(endpointBinding(endpointId), secret, (plain) => Buffer.from(plain).toString('utf8'));

/**
 * The signing secrets of an endpoint; null when one of them does not open, so that no event can be
 * signed.
 */
function secretsOf(vault: Vault, { endpoint, secrets }: Dispatch): string[] | null {
  try {
    return secrets.map((each) => opened(vault, endpoint.id, each));
  } catch {
    return null;
  }
}

async function handOn(ports: NotifyPorts, dispatch: Dispatch): Promise<void> {
  const { ledger, vault, sender, clock, log } = ports;
  const { endpoint, eventId, kind, atMs, body, attempts } = dispatch;
  let outcome: string;
  let gone = false;
  const secrets = secretsOf(vault, dispatch);
  if (secrets === null) {
    // The receiver is not at fault: this uses up no attempt and does not count against the
    // endpoint.
    const why = 'not sent: the signing secret of the endpoint does not open here';
    await ledger.endpoints.held(endpoint.id, eventId, why, clock.nowMs() + HELD_MS);
    return log.warn('event.held', { endpoint: endpoint.id, event: eventId, why });
  }
  try {
    const status = await sender.send({
      url: endpoint.url,
      id: eventId,
      atMs: clock.nowMs(),
      body: JSON.stringify({ type: kind, timestamp: isoTime(atMs), data: body }),
      secrets,
    });
    outcome = `answered ${status}`;
    if (status >= 200 && status < 300)
      return await ledger.endpoints.delivered(endpoint.id, eventId, outcome, clock.nowMs());
    gone = status === GONE;
  } catch (thrown) {
    outcome = messageOf(thrown).slice(0, 300);
  }
  const now = clock.nowMs();
  const waitMs = retryAfterMs(attempts, clock.random());
  const dueMs = waitMs === null ? null : now + waitMs;
  await ledger.endpoints.refused(endpoint.id, eventId, outcome, dueMs, now);
  if (dueMs === null)
    log.warn('event.given_up', { endpoint: endpoint.id, event: eventId, outcome });
  const dead = endpoint.failingSinceMs !== null && now - endpoint.failingSinceMs > DEAD_AFTER_MS;
  if (!gone && !dead) return;
  const why = gone ? 'It answered 410 Gone.' : `It has taken nothing for days: ${outcome}`;
  // The endpoint may have accepted another event since this one was claimed.
  const failingBeforeMs = gone ? undefined : now - DEAD_AFTER_MS;
  if (await ledger.endpoints.disable(endpoint.id, why, now, failingBeforeMs))
    log.error('endpoint.disabled', {
      endpoint: endpoint.id,
      url: withoutSecretUrl(endpoint.url),
      why,
    });
}

export type Notify = {
  /**
   * Sends one batch of due events. Waits for the answers half a second at most. True when more may
   * be due.
   */
  run(): Promise<boolean>;
  /** Waits until no attempt is under way. */
  drained(): Promise<void>;
};

/** Creates the delivery of events. `onFree` is called when a slow endpoint may be sent more. */
export function createNotify(ports: NotifyPorts, onFree: () => void): Notify {
  /**
   * The attempts under way by endpoint. An endpoint that has any is sent nothing more, so that one
   * that does not answer holds up no event of another.
   */
  const underWay = new Map<string, number>();
  const attempts = new Set<Promise<void>>();
  const late = new Set<string>();
  const attempt = async (dispatch: Dispatch): Promise<void> => {
    const { id } = dispatch.endpoint;
    underWay.set(id, (underWay.get(id) ?? 0) + 1);
    try {
      await handOn(ports, dispatch);
    } finally {
      const left = (underWay.get(id) ?? 1) - 1;
      if (left > 0) underWay.set(id, left);
      else {
        underWay.delete(id);
        if (late.delete(id)) onFree();
      }
    }
  };
  return {
    async run() {
      // With a wrong master key no event can be signed, so all of them stay due.
      if (ports.masterKey.trouble() !== null) return false;
      const now = ports.clock.nowMs();
      const due = await ports.ledger.endpoints.claim(now, LEASE_MS, BATCH, [...underWay.keys()]);
      const sent = due.map((each) => {
        const begun = attempt(each);
        attempts.add(begun);
        // An attempt whose outcome could not be recorded is due again when its lease has passed.
        void begun.catch(() => {}).finally(() => attempts.delete(begun));
        return begun;
      });
      const answered = new AbortController();
      try {
        await Promise.race([Promise.all(sent), ports.clock.sleep(PATIENCE_MS, answered.signal)]);
      } finally {
        answered.abort('answered');
        for (const id of underWay.keys()) late.add(id);
      }
      return due.length === BATCH;
    },
    async drained() {
      await Promise.allSettled(attempts);
    },
  };
}
