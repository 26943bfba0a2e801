// Side books: the parts of the ledger that no flow of payments needs: receipts, statements, audits,
// imports and the operator's overview.
import type { AuditBook } from '../core/audit-ports.ts';
import type { Imports } from '../core/import-ports.ts';
import type { OverviewBook } from '../core/overview-ports.ts';
import type { ReceiptBook } from '../core/receipt-ports.ts';
import type { Statements } from '../core/statement-ports.ts';
import { createAuditBook } from './audit.ts';
import type { Sql } from './database.ts';
import { createImports } from './imports.ts';
import { createOverview } from './overview.ts';
import { createReceiptBook } from './receipts.ts';
import { createStatements } from './statements.ts';

export type SideBooks = {
  readonly receipts: ReceiptBook;
  readonly statements: Statements;
  readonly audits: AuditBook;
  readonly imports: Imports;
  readonly overview: OverviewBook;
};

/** Creates the side books. With `observing`, imported debts are booked as observed. */
export const createSideBooks = (sql: Sql, observing: boolean): SideBooks => ({
  receipts: createReceiptBook(sql),
  statements: createStatements(sql),
  audits: createAuditBook(sql),
  imports: createImports(sql, observing),
  overview: createOverview(sql),
});
