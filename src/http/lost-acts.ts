// Lost acts: the route that lists requests which were answered with success and which a database
// that went back in time does not hold.
import type { FastifyPluginAsync } from 'fastify';
import Type from 'typebox';
import type { Acts } from '../core/act.ts';
import { isoTime } from '../core/time.ts';

const LISTED_MOST = 500;

const LostActList = Type.Object({
  acts: Type.Array(
    Type.Object({
      nonce: Type.String(),
      at: Type.String({ description: 'When it was answered, by the clock of the daemon.' }),
      actor: Type.String(),
      what: Type.String(),
      asked: Type.Unknown({ description: 'Path and body, without anything secret.' }),
      status: Type.Integer({ description: 'The HTTP status that was answered.' }),
      kept: Type.Union([Type.Literal('nothing'), Type.Literal('beginning')], {
        description:
          'How much of the act the database still holds. With beginning, its effect may be lost in part.',
      }),
    }),
  ),
});

/** The route of lost acts. */
export const lostActRoutes: FastifyPluginAsync<{ acts: Pick<Acts, 'lost'> }> = async (
  app,
  { acts },
) => {
  app.get(
    '/v1/audit/lost',
    { config: { scope: 'operator' }, schema: { response: { 200: LostActList } } },
    async () => {
      const lost = await acts.lost(LISTED_MOST);
      return { acts: lost.map(({ atMs, ...act }) => ({ ...act, at: isoTime(atMs) })) };
    },
  );
};
