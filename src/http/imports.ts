// Imports: the route that brings subscribers, subscriptions and unpaid debts from another system.
// The rows are those of docs/importing.md; core/import-rows.ts reads them, so that a row that is
// wrong is refused by its place while its neighbours go on.
import { createHash } from 'node:crypto';
import type { FastifyPluginAsync } from 'fastify';
import Type, { type Static } from 'typebox';
import type { ImportCounts, ImportReport } from '../core/import-ports.ts';
import { type Bundled, bundlesOf, ROW_KINDS } from '../core/import-rows.ts';
import type { Redaction } from '../core/redaction.ts';
import { BaseUnits, nullable, TokenName } from './shapes.ts';

export type ImportRouteOptions = {
  /** Imports the rows. The daemon then watches new accounts, judges debtors, and pays new debts. */
  readonly bring: (rows: Bundled, dryRun: boolean) => Promise<ImportReport>;
  readonly redaction: Redaction;
};

/** The most rows of one request. A row with a key as JSON numbers has some 600 bytes. */
const ROWS_MOST = 1_000;
const BYTES_MOST = 1_048_576;
/**
 * Milliseconds beyond `http.answerMs`, because an import reads from nodes and writes 1,000 rows.
 * With the usual 10 s the deadline comes before the minute after which an act counts as broken off.
 */
const PATIENCE_MS = 40_000;

const ImportBody = Type.Object(
  {
    dryRun: Type.Boolean({ description: 'True: check and report, and write nothing.' }),
    rows: Type.Array(
      Type.Object(
        { kind: Type.Enum([...ROW_KINDS]) },
        { additionalProperties: true, description: 'Fields by kind: docs/importing.md.' },
      ),
      { minItems: 1, maxItems: ROWS_MOST },
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        dryRun: true,
        rows: [
          {
            kind: 'debt',
            id: 'iou-17',
            subscriber: 'ana',
            subscription: 'ana-1',
            amount: '1468501',
          },
        ],
      },
    ],
  },
);
const Counts = Type.Object({
  added: Type.Integer({ description: 'With dryRun: that would be added.' }),
  known: Type.Integer({ description: 'That were here already, exactly so.' }),
  refused: Type.Integer(),
});
const ReportView = Type.Object({
  dryRun: Type.Boolean(),
  rows: Type.Integer(),
  subscribers: Counts,
  subscriptions: Counts,
  debts: Counts,
  owed: Type.Array(
    Type.Object({ creatorWallet: Type.String(), token: TokenName, amount: BaseUnits }),
    { description: 'The sums of the new debts by creator and token.' },
  ),
  open: Type.Array(
    Type.Object({
      row: Type.Integer(),
      subscription: Type.String(),
      market: Type.Integer(),
      marketName: nullable(Type.String()),
      base: Type.String({ description: 'In 1e9; negative when short.' }),
      entry: nullable(
        Type.String({ description: 'Base units of token paid, or received when short.' }),
      ),
      token: TokenName,
      charged: Type.Boolean({ description: 'Whether its profit from this entry on owes a share.' }),
    }),
    { description: 'The positions that were open at the import.' },
  ),
  refused: Type.Array(
    Type.Object({
      row: Type.Integer({ description: 'Its place in rows, from 1 on.' }),
      kind: nullable(Type.String()),
      id: nullable(Type.String()),
      problem: Type.String({ description: 'Why, and what to do.' }),
    }),
  ),
});

const countsView = (counts: ImportCounts): Static<typeof Counts> => ({ ...counts });

/**
 * The record of an import: whether it was a dry run, the number of rows of each kind, and the
 * SHA-256 of `rows` as JSON, in hex. No row is recorded: one that is refused may hold a key in a
 * field of any name.
 */
function recorded(body: unknown): unknown {
  const { dryRun, rows } = body as Static<typeof ImportBody>;
  const kinds = Map.groupBy(rows, ({ kind }) => kind);
  const counts = ROW_KINDS.map((kind) => [kind, kinds.get(kind)?.length ?? 0]);
  const sha256 = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
  return { dryRun, rows: { ...Object.fromEntries(counts), sha256 } };
}

/** The route of imports. */
export const importRoutes: FastifyPluginAsync<ImportRouteOptions> = async (app, options) => {
  const { bring, redaction } = options;
  app.post<{ Body: Static<typeof ImportBody> }>(
    '/v1/imports',
    {
      bodyLimit: BYTES_MOST,
      config: { scope: 'platform:write', patienceMs: PATIENCE_MS, recorded },
      schema: { body: ImportBody, response: { 200: ReportView } },
    },
    async ({ body: { rows, dryRun } }): Promise<Static<typeof ReportView>> => {
      const lined = rows.map((value, index) => ({ line: index + 1, value }));
      const given = bundlesOf(lined, redaction);
      const report = await bring(given, dryRun);
      return {
        dryRun,
        rows: report.rows,
        subscribers: countsView(report.subscribers),
        subscriptions: countsView(report.subscriptions),
        debts: countsView(report.debts),
        owed: report.owed.map((each) => ({ ...each, amount: String(each.amount) })),
        open: report.open.map(({ line, base, entry, ...each }) => ({
          ...each,
          row: line,
          base: String(base),
          entry: entry === null ? null : String(entry),
        })),
        refused: report.refused.map(({ line, ...each }) => ({ row: line, ...each })),
      };
    },
  );
};
