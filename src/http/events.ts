// Events: the route from which a platform pulls events in order. A platform that webhooks cannot
// reach, or that wants every event exactly once in one order, asks for the events after the last
// one it has.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { EVENT_KINDS } from '../core/event.ts';
import { Fault } from '../core/fault.ts';
import type { Ledger } from '../core/ports.ts';
import { isoTime } from '../core/time.ts';
import { IdText, LIMIT_USUAL, Limit, nullable } from './shapes.ts';

const EventQuery = Type.Object({
  after: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_]{1,64}$',
      description: 'Id of the last event that was pulled; left out, the oldest that is kept.',
    }),
  ),
  kind: Type.Optional(Type.Enum([...EVENT_KINDS])),
  subscriber: Type.Optional(IdText),
  limit: Limit,
});
const EventPage = Type.Object({
  events: Type.Array(
    Type.Object({
      id: Type.String({ description: 'The webhook-id of the same event.' }),
      type: Type.Enum([...EVENT_KINDS]),
      timestamp: Type.String({ description: 'ISO 8601, UTC.' }),
      data: Type.Unknown({ description: 'As in the webhook of this kind.' }),
    }),
  ),
  next: nullable(
    Type.String({
      description:
        'Give it as after, now or later. With a filter it may name an event of another kind or subscriber. Null while there was never an event.',
    }),
  ),
  more: Type.Boolean({ description: 'Whether events wait that did not fit this page.' }),
});

/** The route of events. */
export const eventRoutes: FastifyPluginAsync<{ readonly ledger: Pick<Ledger, 'events'> }> = async (
  app,
  { ledger },
) => {
  app.get<{ Querystring: Static<typeof EventQuery> }>(
    '/v1/events',
    {
      config: { scope: 'platform:write' },
      schema: { querystring: EventQuery, response: { 200: EventPage } },
    },
    async ({ query: { after = null, kind, subscriber, limit = LIMIT_USUAL } }) => {
      const filter = {
        ...(kind === undefined ? {} : { kind }),
        ...(subscriber === undefined ? {} : { subscriberId: subscriber }),
      };
      // One event more than the page tells whether more events follow.
      const found = await ledger.events.after(after, filter, limit + 1);
      if (found === null)
        throw new Fault(
          'query_invalid',
          `after names no event that is kept and was pulled before: ${after}. Leave it out to begin with the oldest event that is kept.`,
        );
      const events = found.events.slice(0, limit);
      const more = found.events.length > limit;
      return {
        events: events.map((each) => ({
          id: each.id,
          type: each.kind,
          timestamp: isoTime(each.atMs),
          data: each.body,
        })),
        // A reader of a rare kind that has every event of it goes on from the newest event of all:
        // the last one of its kind may be forgotten before the next one is written.
        next: more ? (events.at(-1)?.id ?? after) : (found.upTo ?? after),
        more,
      };
    },
  );
};
