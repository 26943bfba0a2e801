// Side books: the parts of the ledger that no flow of payments needs: receipts, statements, audits,
// imports, the costs of calls to nodes, how daemons share the hearing, and the operator's overview.
import type { AuditBook } from '../core/audit-ports.ts';
import type { HearingLeases } from '../core/hearing-share.ts';
import type { Imports } from '../core/import-ports.ts';
import type { OverviewBook } from '../core/overview-ports.ts';
import type { ReceiptBook } from '../core/receipt-ports.ts';
import type { RootBook, RootMemoBook } from '../core/root-ports.ts';
import type { RpcUsageBook } from '../core/rpc-usage-ports.ts';
import type { SessionBook } from '../core/session-ports.ts';
import type { StatementRevocations, Statements } from '../core/statement-ports.ts';
import { createAuditBook } from './audit.ts';
import { createSessionBook } from './console-sessions.ts';
import { createRootBook } from './daily-roots.ts';
import type { Sql } from './database.ts';
import {
  createHeardElsewhere,
  createHearingLeases,
  createPassing,
  createPaymentsAmong,
  DOUBT_CHANNEL,
  LANE_CHANNEL,
} from './hearing-leases.ts';
import { createImports } from './imports.ts';
import { createOverview } from './overview.ts';
import { createReceiptBook } from './receipts.ts';
import { createRootMemoBook } from './root-memos.ts';
import { createRpcUsageBook } from './rpc-usage.ts';
import { createStatementRevocations } from './statement-revocations.ts';
import { createStatements } from './statements.ts';

export type SideBooks = {
  readonly receipts: ReceiptBook;
  readonly roots: RootBook;
  readonly rootMemos: RootMemoBook;
  readonly sessions: SessionBook;
  readonly revocations: StatementRevocations;
  readonly statements: Statements;
  readonly audits: AuditBook;
  readonly imports: Imports;
  readonly overview: OverviewBook;
  readonly rpcUsage: RpcUsageBook;
  readonly hearingLeases: HearingLeases;
  readonly heardElsewhere: ReturnType<typeof createHeardElsewhere>;
  readonly paymentsAmong: ReturnType<typeof createPaymentsAmong>;
  readonly passLane: ReturnType<typeof createPassing>;
  readonly tellDoubt: ReturnType<typeof createPassing>;
};

/** Creates the side books. With `observing`, imported debts are booked as observed. */
export const createSideBooks = (sql: Sql, observing: boolean): SideBooks => ({
  receipts: createReceiptBook(sql),
  roots: createRootBook(sql),
  rootMemos: createRootMemoBook(sql),
  sessions: createSessionBook(sql),
  revocations: createStatementRevocations(sql),
  statements: createStatements(sql),
  audits: createAuditBook(sql),
  imports: createImports(sql, observing),
  overview: createOverview(sql),
  rpcUsage: createRpcUsageBook(sql),
  hearingLeases: createHearingLeases(sql),
  heardElsewhere: createHeardElsewhere(sql),
  paymentsAmong: createPaymentsAmong(sql),
  passLane: createPassing(sql, LANE_CHANNEL),
  tellDoubt: createPassing(sql, DOUBT_CHANNEL),
});
