// Roots: the route of the daily roots, which a platform or a creator keeps to check receipts by.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { ROOT_MEMO_OUTCOMES, type RootBook } from '../core/root-ports.ts';
import { isoTime } from '../core/time.ts';
import { LIMIT_USUAL, Limit, nullable } from './shapes.ts';

export type RootOptions = { readonly roots: Pick<RootBook, 'list'> };

const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const RootQuery = Type.Object({ limit: Limit, after: Type.Optional(Day) });
const RootList = Type.Object({
  roots: Type.Array(
    Type.Object({
      day: Day,
      leaves: Type.Integer({ description: 'Accruals, landed payments and changes of standings.' }),
      root: Hash,
      previous: nullable(Hash),
      commitment: Type.String({
        pattern: '^[0-9a-f]{64}$',
        description: 'Names the day, its root and every day before it. Keep this one.',
      }),
      madeAt: Type.String(),
      memo: nullable(
        Type.Object(
          {
            signature: Type.String(),
            outcome: nullable(Type.Enum(ROOT_MEMO_OUTCOMES)),
            slot: nullable(Type.Integer()),
            commitment: Hash,
          },
          {
            description:
              'The transaction by which the sponsor wrote the commitment on chain, or tried last; outcome is null while it is under way. contradicted: the sponsor wrote another commitment for this day, which is shown here.',
          },
        ),
      ),
    }),
  ),
  next: nullable(Day),
});

/** The route of daily roots. */
export const rootRoutes: FastifyPluginAsync<RootOptions> = async (app, { roots }) => {
  app.get<{ Querystring: Static<typeof RootQuery> }>(
    '/v1/roots',
    {
      config: { scope: 'platform:write' },
      schema: { querystring: RootQuery, response: { 200: RootList } },
    },
    async ({ query: { limit = LIMIT_USUAL, after = null } }) => {
      const found = await roots.list({ after, limit: limit + 1 });
      const shown = found.slice(0, limit);
      return {
        roots: shown.map(({ madeAtMs, ...each }) => ({ ...each, madeAt: isoTime(madeAtMs) })),
        next: found.length > limit ? (shown.at(-1)?.day ?? null) : null,
      };
    },
  );
};
