// Standing rows: turns a row of a standing into a roster entry, and amounts by token into their
// column and back.
import type { RosterEntry } from '../core/roster-entry.ts';
import type { Evidence } from '../core/standing.ts';
import type { Owed } from '../core/token.ts';

export type StandingRow = {
  subscriber_id: string;
  agent_wallet: string;
  standing: RosterEntry['standing'];
  outstanding: bigint;
  owed: OwedJson;
  reason: string | null;
  evidence: EvidenceJson | null;
  owed_since: Date | null;
  revision: bigint;
};

type OwedJson = readonly (Omit<Owed, 'amount'> & { readonly amount: string })[];
const owedOf = (column: OwedJson): Owed[] =>
  column.map((each) => ({ ...each, amount: BigInt(each.amount) }));
/** Debts by token as their column holds them. */
export const owedColumn = (owed: readonly Owed[]): OwedJson =>
  owed.map((each) => ({ ...each, amount: each.amount.toString() }));

type EvidenceJson = Record<string, unknown> & { readonly owed?: OwedJson };

/** The entry of a row. */
export function entryOf(row: StandingRow): RosterEntry {
  const { evidence } = row;
  return {
    subscriberId: row.subscriber_id,
    agentWallet: row.agent_wallet,
    standing: row.standing,
    outstanding: row.outstanding,
    owed: owedOf(row.owed),
    reason: row.reason,
    evidence:
      evidence === null
        ? null
        : ({
            signature: evidence.signature,
            slot: evidence.slot,
            amount: BigInt(evidence.amount as string),
            what: evidence.what,
            owedThen: BigInt(evidence.owedThen as string),
            ...(evidence.owed === undefined ? {} : { owed: owedOf(evidence.owed) }),
          } as Evidence),
    owedSinceMs: row.owed_since?.getTime() ?? null,
    revision: row.revision,
  };
}
