// Audit ports: the port to what was owed and paid to creators, by any system.
import type { AuditHistory } from './audit.ts';

export type AuditBook = {
  /** All debts of a subscriber, and all final transfers to creators, read at one moment. */
  history(subscriberId: string): Promise<AuditHistory>;
};
