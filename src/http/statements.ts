// Statement pages: a subscriber's statement and a creator's earnings, behind a sealed link that
// expires. A holder of the link sees this period of this one subscriber or creator, and nothing
// else; a creator's page names no subscriber.
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import { csvLine } from '../core/csv.ts';
import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';
import { STATEMENTS_OF, type StatementLink } from '../core/statement.ts';
import { instantOf, isoTime } from '../core/time.ts';
import type { StatementDesk } from '../flows/statements.ts';
import { endOf } from './deadline.ts';
import { pagePolicy } from './headers.ts';
import { createPageBounds } from './page-bounds.ts';
import { IdText } from './shapes.ts';
import {
  noStatementPage,
  STATEMENT_STYLE,
  statementColumns,
  statementPage,
} from './statement-html.ts';

export type StatementOptions = {
  readonly desk: StatementDesk;
  /** Whether the ledger knows a subscriber or a creator. */
  readonly knows: (of: StatementLink['of'], id: string) => Promise<boolean>;
  readonly clock: Pick<Clock, 'nowMs' | 'sleep'>;
  /** A clock in milliseconds that never goes back; its zero has no meaning. */
  readonly elapsedMs: () => number;
};

const HOUR_MS = 3_600_000;
const HOURS_USUAL = 168;
const HOURS_MOST = 2_160;
/** The number of rows whose computation the page shows. */
const EXPLAINED = 200;
/** A client that has not taken its page after this time is disconnected: the page fills memory. */
const TAKEN_WITHIN_MS = 60_000;

const Moment = Type.String({ pattern: '^[0-9T:.Z+-]{10,35}$' });
const NewStatement = Type.Object(
  {
    of: Type.Enum([...STATEMENTS_OF]),
    id: Type.String({ ...IdText, description: "A subscriber's id, or a creator's wallet." }),
    since: Moment,
    until: Moment,
    expiresInHours: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: HOURS_MOST,
        description: 'After how many hours the link ends; 168 when left out.',
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ of: 'subscriber', id: 'ann', since: '2026-11-01', until: '2026-12-01' }],
  },
);
const Revocation = Type.Object(
  {
    of: Type.Enum([...STATEMENTS_OF]),
    id: Type.String({ ...IdText, description: "A subscriber's id, or a creator's wallet." }),
  },
  { additionalProperties: false, examples: [{ of: 'subscriber', id: 'ann' }] },
);
const StatementView = Type.Object({
  path: Type.String({ description: 'To be opened at the public URL of this daemon.' }),
  csvPath: Type.String({ description: 'The same as CSV.' }),
  expiresAt: Type.String(),
});

/** The routes by which a platform makes a link, and takes links back. */
export const statementRoutes: FastifyPluginAsync<StatementOptions> = async (
  app,
  { desk, knows, clock },
) => {
  app.post<{ Body: Static<typeof NewStatement> }>(
    '/v1/statements',
    {
      config: { scope: 'platform:write', secretAnswer: true },
      schema: { body: NewStatement, response: { 201: StatementView } },
    },
    async ({ body }, reply) => {
      const { of, id, expiresInHours = HOURS_USUAL } = body;
      const [sinceMs, untilMs] = [instantOf(body.since), instantOf(body.until)];
      if (sinceMs === null || untilMs === null || sinceMs >= untilMs)
        throw new Fault(
          'body_invalid',
          'since and until must be days or ISO 8601 times with their zone, since the earlier one.',
        );
      if (!(await knows(of, id))) throw new Fault('not_found', `No ${of} ${id} is known here.`);
      const expiresAtMs = clock.nowMs() + expiresInHours * HOUR_MS;
      const link = desk.seal({ of, id, sinceMs, untilMs, expiresAtMs });
      const path = `/statements?link=${link}`;
      return reply
        .code(201)
        .send({ path, csvPath: `${path}&format=csv`, expiresAt: isoTime(expiresAtMs) });
    },
  );
  app.post<{ Body: Static<typeof Revocation> }>(
    '/v1/statements/revocations',
    { config: { scope: 'platform:write' }, schema: { body: Revocation } },
    async ({ body: { of, id } }, reply) => {
      if (!(await knows(of, id))) throw new Fault('not_found', `No ${of} ${id} is known here.`);
      await desk.revoke(of, id);
      return reply.code(204).send();
    },
  );
};

const NO_STATEMENT =
  'This link has expired, was taken back, or is not whole. Ask the platform for a new one.';
const StatementQuery = Type.Object({
  link: Type.String({ maxLength: 2_000 }),
  format: Type.Optional(Type.Enum(['html', 'csv'])),
});

/** The page that a link opens. It needs no API key. */
export const statementPages: FastifyPluginAsync<StatementOptions> = async (app, options) => {
  const { desk, clock } = options;
  const bounds = createPageBounds(options.elapsedMs);
  app.get<{ Querystring: Static<typeof StatementQuery> }>(
    '/statements',
    { config: { scope: 'public' }, schema: { querystring: StatementQuery } },
    async (request, reply) => {
      const { link: text, format = 'html' } = request.query;
      reply.header('cache-control', 'private, no-store').header('x-robots-tag', 'noindex');
      const ended = endOf(request);
      const refuse = () => {
        // A browser gets a page, everything else a problem.
        if (format === 'csv' || !(request.headers.accept ?? '').includes('text/html'))
          throw new Fault('not_found', NO_STATEMENT);
        return reply
          .code(404)
          .header('content-security-policy', pagePolicy(STATEMENT_STYLE))
          .type('text/html; charset=utf-8')
          .send(noStatementPage(NO_STATEMENT));
      };
      // A guessed text costs the ledger nothing, and takes no place among the links.
      if (desk.unsealed(text) === null) return refuse();
      const waitS = bounds.opens(text);
      if (waitS !== null) {
        reply.header('retry-after', String(waitS));
        throw new Fault(
          'rate_limited',
          `This link was opened too often. Open it again in ${waitS} s.`,
        );
      }
      const statement = await bounds.read(async () => {
        const link = await desk.open(text);
        return link === null ? null : desk.read(link, format === 'html' ? EXPLAINED : 0, ended);
      });
      if (statement === null) return refuse();
      void clock.sleep(TAKEN_WITHIN_MS, ended).then(() => {
        if (!ended.aborted) reply.raw.destroy();
      });
      if (format === 'csv') {
        const columns = statementColumns(statement.link.of);
        const lines = [
          columns.map(([name]) => name),
          ...statement.rows.map((row) => columns.map(([, cell]) => cell(row))),
        ];
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="statement.csv"')
          .send(`${lines.map(csvLine).join('\r\n')}\r\n`);
      }
      return reply
        .header('content-security-policy', pagePolicy(STATEMENT_STYLE))
        .type('text/html; charset=utf-8')
        .send(statementPage(statement, `/statements?link=${text}&format=csv`));
    },
  );
};
