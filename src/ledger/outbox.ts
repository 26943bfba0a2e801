// Outbox: events, each written in the transaction of what it tells; Postgres itself notes for which endpoints.
import type { EventKind } from '../core/event.ts';
import { type Sql, type Transaction, toJson } from './database.ts';

export const EVENT_CHANNEL = 'bailiff_event';

/** Writes an event into a transaction. Amounts are base units, and become decimal strings. */
export async function tell(
  tx: Sql | Transaction,
  kind: EventKind,
  subscriberId: string | null,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  const whole = subscriberId === null ? body : { subscriber: subscriberId, ...body };
  await tx`
    insert into event (kind, subscriber_id, body) values (${kind}, ${subscriberId}, ${tx.json(toJson(whole))})`;
}
