// Statements: reads what the page of a link shows, and seals links and opens them.
import { explanationsOf } from '../core/explain.ts';
import { Fault } from '../core/fault.ts';
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
  /** As `open`, without asking the ledger, so that a link that was taken back is returned, too. */
  unsealed(text: string): StatementLink | null;
  /** The link of a text; null when it has expired, was taken back, or was not sealed here. */
  open(text: string): Promise<StatementLink | null>;
  /** Takes back every link of a subscriber or creator that was made until now. */
  revoke(of: StatementLink['of'], id: string): Promise<void>;
  /**
   * The statement that a link shows. Only the first `explained` rows have their sentence. Throws
   * `not_ready` before the next statement of Postgres once `signal` has aborted.
   */
  read(link: StatementLink, explained: number, signal: AbortSignal): Promise<Statement>;
};

/** The most shares of one statement. */
const ROWS_MOST = 2_000;

/** Creates the desk of statements. */
export function createStatementDesk(ports: StatementPorts): StatementDesk {
  const { ledger, statements, revocations, venues, vault, nowMs } = ports;
  const unsealed = (text: string): StatementLink | null => {
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
  };
  return {
    seal(link) {
      const text = linkText({ ...link, madeAtMs: nowMs() });
      return Buffer.from(vault.seal(STATEMENT_BINDING, Buffer.from(text))).toString('base64url');
    },
    // Links that were made in this very millisecond are taken back as well.
    revoke: (of, id) => revocations.revoke(of, id, nowMs() + 1),
    unsealed,
    async open(text) {
      const link = unsealed(text);
      if (link === null) return null;
      const beforeMs = await revocations.revokedBeforeMs(link.of, link.id);
      return beforeMs !== null && (link.madeAtMs ?? 0) < beforeMs ? null : link;
    },
    async read(link, explained, signal) {
      const readOn = (): void => {
        if (signal.aborted) throw new Fault('not_ready', 'No client waits for this statement.');
      };
      const { page } = createListing(ledger);
      const filter = {
        ...(link.of === 'subscriber' ? { subscriberId: link.id } : { creatorWallet: link.id }),
        sinceMs: link.sinceMs,
        untilMs: link.untilMs,
      };
      const { rows: shares, total } = await readAll(ROWS_MOST, undefined, (at) => {
        readOn();
        return page('shares', filter, at);
      });
      readOn();
      const details = await statements.shares(shares.map((each) => each.id));
      readOn();
      const told = await explanationsOf(ledger.shares, shares.slice(0, explained));
      const rows = shares.map((share): StatementRow => {
        const found = details.get(share.id) ?? null;
        return {
          share,
          details: found,
          market: found?.trade == null ? null : marketNameAt(venues, found.trade),
          sentence: told.get(share.id)?.sentence ?? null,
        };
      });
      return { link, rows, further: Math.max(0, (total ?? shares.length) - shares.length) };
    },
  };
}
