// Statements: reads what the page of a link shows, and seals links and opens them.
import { explanationOf } from '../core/explain.ts';
import type { Ledger } from '../core/ports.ts';
import type { Vault } from '../core/signing-ports.ts';
import {
  linkIn,
  linkText,
  STATEMENT_BINDING,
  type Statement,
  type StatementLink,
  type StatementRow,
} from '../core/statement.ts';
import type { Statements } from '../core/statement-ports.ts';
import { marketNameAt, type Venues } from '../core/venue.ts';
import { createListing, readAll } from './lists.ts';

export type StatementPorts = {
  readonly ledger: Ledger;
  readonly statements: Pick<Statements, 'shares'>;
  readonly venues: Venues;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly nowMs: () => number;
};
export type StatementDesk = {
  /** The text of a link. Throws `key_unavailable` without a master key. */
  seal(link: StatementLink): string;
  /** The link of a text; null when it has expired, or was not sealed here. */
  open(text: string): StatementLink | null;
  /** What a link shows. Only the first `explained` rows have their sentence. */
  read(link: StatementLink, explained: number): Promise<Statement>;
};

/** The most shares of one statement. */
const ROWS_MOST = 2_000;

/** Creates the desk of statements. */
export function createStatementDesk(ports: StatementPorts): StatementDesk {
  const { ledger, statements, venues, vault, nowMs } = ports;
  return {
    seal: (link) =>
      Buffer.from(vault.seal(STATEMENT_BINDING, Buffer.from(linkText(link)))).toString('base64url'),
    open(text) {
      const sealed = Buffer.from(text, 'base64url');
      // One link has one text: the last character of base64 may hold bits that no byte takes.
      if (sealed.toString('base64url') !== text) return null;
      try {
        return vault.open(STATEMENT_BINDING, sealed, (plain) =>
          linkIn(Buffer.from(plain).toString('utf8'), nowMs()),
        );
      } catch {
        return null;
      }
    },
    async read(link, explained) {
      const { page } = createListing(ledger);
      const filter = {
        ...(link.of === 'subscriber' ? { subscriberId: link.id } : { creatorWallet: link.id }),
        sinceMs: link.sinceMs,
        untilMs: link.untilMs,
      };
      const { rows: shares, total } = await readAll(ROWS_MOST, undefined, (at) =>
        page('shares', filter, at),
      );
      const details = await statements.shares(shares.map((each) => each.id));
      const rows: StatementRow[] = [];
      for (const [index, share] of shares.entries()) {
        const found = details.get(share.id) ?? null;
        const told = index < explained ? await explanationOf(ledger.shares, share.id) : null;
        rows.push({
          share,
          details: found,
          market: found?.trade == null ? null : marketNameAt(venues, found.trade),
          sentence: told?.sentence ?? null,
        });
      }
      return { link, rows, further: Math.max(0, (total ?? shares.length) - shares.length) };
    },
  };
}
