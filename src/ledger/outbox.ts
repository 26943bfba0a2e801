// Outbox: writes events in the transaction of the change that they report. A trigger of Postgres
// adds the deliveries to endpoints.
import type { EventBodies, EventKind, EventOf } from '../core/event.ts';
import { type Sql, type Transaction, toJson } from './database.ts';

/** Postgres notifies this channel when an event is written. */
export const EVENT_CHANNEL = 'bailiff_event';

/**
 * Writes events in a transaction, in the given order. Amounts are base units and are stored as
 * decimal strings. The statement is sent before this function returns, ahead of those that the
 * caller sends afterwards.
 */
export async function tellAll(
  tx: Sql | Transaction,
  events: readonly EventOf<EventKind>[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ kind, subscriberId, body }, place) => ({
    place,
    kind,
    subscriber_id: subscriberId,
    body: subscriberId === null ? body : { subscriber: subscriberId, ...body },
  }));
  await tx`
    insert into event (kind, subscriber_id, body)
    select kind, subscriber_id, body
    from jsonb_to_recordset(${tx.json(toJson(rows))}) as e(place integer, kind text, subscriber_id text, body jsonb)
    order by place`.execute();
}

/** Writes one event in a transaction. Amounts are base units and are stored as decimal strings. */
export const tell = <Kind extends EventKind>(
  tx: Sql | Transaction,
  kind: Kind,
  subscriberId: string | null,
  body: EventBodies[Kind],
): Promise<void> => tellAll(tx, [{ kind, subscriberId, body } as EventOf<EventKind>]);
