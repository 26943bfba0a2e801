// Upkeep: the loops that no payment waits for. They ask the database whether it went back in time,
// read the cost of ended payments, age debts, find subscribers whose standing the gate cannot vouch
// for, check the venue's program, compare clocks, seal days and write their roots on chain, and
// delete what was kept long enough.

import type { Chain } from '../core/chain-ports.ts';
import type { Finding } from '../core/doctor-finding.ts';
import type { MasterKey } from '../core/master-key.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Doubt, Roster } from '../core/roster.ts';
import type { SuspicionRule } from '../core/suspicion.ts';
import type { AcknowledgedActs } from './acknowledged.ts';
import type { Books } from './books-comparison.ts';
import { createClockWatch } from './clocks.ts';
import type { VenuesConformance } from './conformance.ts';
import { createCostReading } from './costs.ts';
import { type RootPorts, sealNextDay } from './daily-roots.ts';
import { forgetOld, type Keep } from './forget.ts';
import { personalDoubts } from './gate-doubts.ts';
import type { HearingShare } from './hearing-share.ts';
import type { Loops } from './loops.ts';
import { ageDebts } from './owing.ts';
import type { OwnSignatures } from './own-signatures.ts';
import type { Publisher } from './publish.ts';
import { createRootMemos, type RootMemoPorts } from './root-memos.ts';
import { createSecretWatch } from './secret-findings.ts';

export type UpkeepPorts = RootPorts &
  Pick<RootMemoPorts, 'rootMemos' | 'fees' | 'pen'> & {
    readonly ledger: Ledger;
    readonly chain: Chain;
    readonly roster: Roster;
    readonly clock: Clock;
    readonly log: Log;
    readonly publisher: Pick<Publisher, 'pull'>;
    readonly conformance: Pick<VenuesConformance, 'look'>;
    readonly masterKey: MasterKey;
    readonly books: Pick<Books, 'doubt' | 'finding'>;
    readonly answered: Pick<AcknowledgedActs, 'check'>;
    readonly ownSignatures: OwnSignatures;
    readonly share: HearingShare;
    /** How far this machine's clock is ahead of that of Postgres; null before the first answer. */
    readonly skewMs: () => number | null;
  };
export type UpkeepOptions = {
  /** How often costs are read, debts age and doubts are refreshed. */
  readonly everyMs: number;
  /** How often the slot of the venue program's last deployment is read. */
  readonly programEveryMs: number;
  readonly staleAfterMs: number;
  readonly owedForMsMost: number | null;
  readonly suspicions: SuspicionRule;
  readonly keep: Keep;
  /** The SOL that a memo of a root leaves to the sponsor; null where none is written on chain. */
  readonly rootMemos: { readonly sponsorReserve: bigint } | null;
};
export type Upkeep = {
  /** The doubts about single subscribers, as of the last run. */
  readonly doubts: () => ReadonlyMap<string, Doubt>;
  /** The findings about signing, secrets, endpoints and clocks that are not ok, as last read. */
  readonly findings: () => readonly Finding[];
  /** How far the chain's clock was ahead of that of Postgres; null before the first look. */
  readonly chainAheadMs: () => number | null;
};

const LINEAGE_EVERY_MS = 2_000;
const FORGET_EVERY_MS = 3_600_000;
const SECRETS_EVERY_MS = 60_000;
const CLOCKS_EVERY_MS = 60_000;
const ROOTS_EVERY_MS = 600_000;
const ROOT_MEMOS_EVERY_MS = 15_000;

/** Adds the loops of upkeep. */
export function addUpkeep(loops: Loops, ports: UpkeepPorts, options: UpkeepOptions): Upkeep {
  let doubts: ReadonlyMap<string, Doubt> = new Map();
  // Lanes ask before each signature. Acts may be lost while nothing is to be signed, so this loop
  // asks as well.
  loops.add('lineage', LINEAGE_EVERY_MS, async () => {
    try {
      await ports.books.doubt();
    } finally {
      await ports.answered.check();
    }
  });
  loops.add('doubts', options.everyMs, async () => {
    const { leadTo, amountMost } = options.suspicions;
    if (leadTo !== 'ignore') await ports.ledger.suspicions.refresh(amountMost);
    doubts = await personalDoubts(ports, options.suspicions);
  });
  loops.add('owing', options.everyMs, async () => {
    if ((await ageDebts(ports, options)).length > 0) await ports.publisher.pull();
  });
  loops.add('program', options.programEveryMs, () => ports.conformance.look());
  loops.add('forget', FORGET_EVERY_MS, () => forgetOld(ports.ledger, options.keep));
  const readCosts = createCostReading(ports);
  loops.add('costs', options.everyMs, async (signal) => {
    while (!signal.aborted && (await readCosts(signal)));
  });
  loops.add('roots', ROOTS_EVERY_MS, async (signal) => {
    while (!signal.aborted && (await sealNextDay(ports, ports.clock, ports.log)) !== null);
  });
  if (options.rootMemos !== null)
    loops.add('root-memos', ROOT_MEMOS_EVERY_MS, createRootMemos(ports, options.rootMemos));
  const secrets = createSecretWatch(ports);
  loops.add('secrets', SECRETS_EVERY_MS, () => secrets.look());
  const clocks = createClockWatch(ports, ports.skewMs);
  loops.add('clocks', CLOCKS_EVERY_MS, () => clocks.look());
  return {
    doubts: () => doubts,
    findings: () =>
      [ports.books.finding() ?? [], ...secrets.findings(), ...clocks.findings()].flat(),
    chainAheadMs: clocks.chainAheadMs,
  };
}
