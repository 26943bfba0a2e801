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
  if (await ledger.endpoints.disable(endpoint.id, why, now))
    log.error('endpoint.disabled', {
      endpoint: endpoint.id,
      url: withoutSecretUrl(endpoint.url),
      why,
    });
}

/** Delivers one batch of due events. True when there may be more. */
export async function notifyEndpoints(ports: NotifyPorts): Promise<boolean> {
  // With a wrong master key no event can be signed, so all of them stay due.
  if (ports.masterKey.trouble() !== null) return false;
  const due = await ports.ledger.endpoints.claim(ports.clock.nowMs(), LEASE_MS, BATCH);
  await Promise.all(due.map((each) => handOn(ports, each)));
  return due.length === BATCH;
}
