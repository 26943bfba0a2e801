// Described events: holds the events in a test's database to the API description of their kinds: no
// field is missing, and none is there that the description does not name. The compiler alone does
// not see a field too much where a body is put together from other objects.
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import { Type } from 'typebox';
import type { EventKind } from '../../src/core/event.ts';
import { EVENT_SHAPES } from '../../src/http/event-shapes.ts';
import type { Sql } from '../../src/ledger/database.ts';

const ajv = new Ajv({ strict: false });
ajvFormats.default(ajv);
const checkOf = (kind: EventKind) => {
  const properties = { ...EVENT_SHAPES[kind].properties, subscriber: Type.Optional(Type.String()) };
  return ajv.compile(Type.Object(properties, { additionalProperties: false }));
};
const checks = new Map<EventKind, ReturnType<typeof checkOf>>();

/** Throws where an event of this database is not as its kind is described. */
export async function requireDescribedEvents(sql: Sql): Promise<void> {
  const events = await sql<{ kind: EventKind; body: unknown }[]>`
    select distinct on (kind, keys) kind, body
    from (select kind, body, (select array_agg(k order by k) from jsonb_object_keys(body) k) as keys from event) e`;
  const wrong = events.flatMap(({ kind, body }) => {
    const check = checks.get(kind) ?? checkOf(kind);
    checks.set(kind, check);
    if (check(body)) return [];
    return `${kind} ${ajv.errorsText(check.errors)}: ${JSON.stringify(body)}`;
  });
  if (wrong.length > 0)
    throw new Error(`Events that are not as the API describes them:\n${wrong.join('\n')}`);
}
