// Statement: the contents of a link to a statement, and the sums and days of the shares that the
// statement shows. Pure: flows/statements.ts seals the link with the master key, so that only a
// daemon can make one.
import type { BaseUnits } from './money.ts';
import type { ProfitShare } from './profit-share.ts';
import type { ShareDetails } from './statement-ports.ts';
import type { Token } from './token.ts';

export const STATEMENTS_OF = ['subscriber', 'creator'] as const;
/** The statement that a link opens until it expires. Times are milliseconds since 1970. */
export type StatementLink = {
  readonly of: (typeof STATEMENTS_OF)[number];
  /** The subscriber's id, or the creator's wallet. */
  readonly id: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly expiresAtMs: number;
  /** When the link was made; absent in links of earlier releases. */
  readonly madeAtMs?: number;
};
export type StatementRow = {
  readonly share: ProfitShare;
  readonly details: ShareDetails | null;
  readonly market: string | null;
  /** How the amount was computed, in one sentence; null where the page does not show it. */
  readonly sentence: string | null;
};
export type Statement = {
  readonly link: StatementLink;
  /** The newest first. */
  readonly rows: readonly StatementRow[];
  /** Shares of the period that are not among the rows. */
  readonly further: number;
};

/** The binding under which links are sealed. */
export const STATEMENT_BINDING = 'bailiff/statement-link';

/** The text of a link that is sealed; `linkIn` reads it. */
export const linkText = (link: StatementLink): string => JSON.stringify(link);
/** The link in an opened text; null when it has expired. Throws a SyntaxError for other text. */
export function linkIn(text: string, nowMs: number): StatementLink | null {
  const link = JSON.parse(text) as StatementLink;
  return link.expiresAtMs > nowMs ? link : null;
}

export type StatementSum = {
  readonly token: Token;
  readonly accrued: BaseUnits;
  readonly paid: BaseUnits;
  readonly open: BaseUnits;
  readonly voided: BaseUnits;
};
/** The sums of the rows by token. Accrued is the sum of the other three. */
export function sumsOfStatement(rows: readonly StatementRow[]): StatementSum[] {
  const sums = new Map<string, StatementSum>();
  for (const { share } of rows) {
    const { token, amount, paid, status } = share;
    const known = sums.get(token.mint) ?? { token, accrued: 0n, paid: 0n, open: 0n, voided: 0n };
    const left = amount - paid;
    const voided = status === 'voided';
    sums.set(token.mint, {
      token,
      accrued: known.accrued + amount,
      paid: known.paid + paid,
      open: known.open + (voided ? 0n : left),
      voided: known.voided + (voided ? left : 0n),
    });
  }
  return [...sums.values()];
}

const DAY_MS = 86_400_000;
/**
 * The accrued amounts of one token by day in UTC, the oldest first; days without any are absent.
 */
export function daysOfStatement(
  rows: readonly StatementRow[],
  mint: string,
): { readonly dayMs: number; readonly amount: BaseUnits }[] {
  const days = new Map<number, BaseUnits>();
  for (const { share, details } of rows) {
    const atMs = details?.closedAtMs ?? null;
    if (share.token.mint !== mint || atMs === null) continue;
    const day = Math.floor(atMs / DAY_MS) * DAY_MS;
    days.set(day, (days.get(day) ?? 0n) + share.amount);
  }
  return [...days].sort(([a], [b]) => a - b).map(([dayMs, amount]) => ({ dayMs, amount }));
}
