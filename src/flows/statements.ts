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
import type { StatementRevocations, Statements } from '../core/statement-ports.ts';
import { marketNameAt, type Venues } from '../core/venue.ts';
import { createListing, readAll } from './lists.ts';

export type StatementPorts = {
  readonly ledger: Ledger;
  readonly statements: Pick<Statements, 'shares'>;
  readonly revocations: StatementRevocations;
  readonly venues: Venues;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly nowMs: () => number;
};
export type StatementDesk = {
  /** The text of a link. Throws `key_unavailable` without a master key. */
  seal(link: StatementLink): string;
  /** The link of a text; null when it has expired, was taken back, or was not sealed here. */
  open(text: string): Promise<StatementLink | null>;
  /** Takes back every link of a subscriber or creator that was made until now. */
  revoke(of: StatementLink['of'], id: string): Promise<void>;
  /** The statement that a link shows. Only the first `explained` rows have their sentence. */
  read(link: StatementLink, explained: number): Promise<Statement>;
};

/** The most shares of one statement. */
const ROWS_MOST = 2_000;

/** Creates the desk of statements. */
export function createStatementDesk(ports: StatementPorts): StatementDesk {
  const { ledger, statements, revocations, venues, vault, nowMs } = ports;
  return {
    seal(link) {
      const text = linkText({ ...link, madeAtMs: nowMs() });
      return Buffer.from(vault.seal(STATEMENT_BINDING, Buffer.from(text))).toString('base64url');
    },
    // The time now is the last one at which a link that is taken back can have been made.
    revoke: (of, id) => revocations.revoke(of, id, nowMs() + 1),
    async open(text) {
      const sealed = Buffer.from(text, 'base64url');
      // One link has one text: the last character of base64 may hold bits that no byte takes.
      if (sealed.toString('base64url') !== text) return null;
      let link: StatementLink | null;
      try {
        link = vault.open(STATEMENT_BINDING, sealed, (plain) =>
          linkIn(Buffer.from(plain).toString('utf8'), nowMs()),
        );
      } catch {
        return null;
      }
      if (link === null) return null;
      const beforeMs = await revocations.revokedBeforeMs(link.of, link.id);
      return beforeMs !== null && (link.madeAtMs ?? 0) < beforeMs ? null : link;
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
