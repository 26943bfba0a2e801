// Cleared: faults in what a clearance covers, and in what its readings and facts tell of the money
// that stays behind (ADR 134); and in the lots that a later record drops.
import type { Mutant } from './table.ts';

const unit = (file: string, test: string) => ({ file, test });
const CORE = 'test/core/clearance.test.ts';
const LEDGER = 'test/ledger/clearances.test.ts';

export const CLEARED: readonly Mutant[] = [
  {
    name: 'CL1 what is owed is left out of what may leave',
    file: 'src/core/clearance.ts',
    from: 'return most(sum - owedAt(at), 0n);',
    to: 'return most(sum, 0n);',
    by: unit(CORE, 'an outflow is covered as far as as much stays as is owed'),
  },
  {
    name: 'CL2 a transaction that does not tell what it changed is passed over',
    file: 'src/core/clearance.ts',
    from: 'if (amount === null) return null;',
    to: 'if (amount === null) continue;',
    by: unit(CORE, 'nothing is covered behind a transaction'),
  },
  {
    name: 'CL3 several clearances cover one outflow beyond what may leave',
    file: 'src/core/clearance.ts',
    from: 'most(coverable(each, outflow) - (outflow.amount - open), 0n)',
    to: 'coverable(each, outflow)',
    by: unit(CORE, 'several clearances together cover no more'),
  },
  {
    name: 'CL4 what left in another token counts as still there',
    file: 'src/core/clearance.ts',
    from: 'each.mint === mint && inOneTransaction(each.at, at)',
    to: 'inOneTransaction(each.at, at)',
    by: unit(CORE, 'what left in another token'),
  },
  {
    name: 'CL5 a loss whose order in the slot is not told accuses',
    file: 'src/core/clearance.ts',
    from: 'if (order > 0 || (order === 0 && (amount ?? 0n) <= 0n)) continue;',
    to: 'if (order > 0) continue;',
    by: unit(CORE, 'where the order in a slot is not told'),
  },
  {
    name: 'CL6 a clearance to close covers what is behind the trade that ends it',
    file: 'src/core/clearance.ts',
    from: 'if (!each.trades.some((trade) => comparePositions(trade, outflow.at) < 0)) open = 0n;',
    to: 'open = 0n;',
    by: unit(CORE, 'one for closing covers nothing behind the trade'),
  },
  {
    name: 'CL7 what changed in the last slot of a clearance is left out',
    file: 'src/ledger/clearances.ts',
    from: "'unknown') and slot > r.slot and slot <= c.until_slot",
    to: "'unknown') and slot > r.slot and slot < c.until_slot",
    by: unit(LEDGER, 'a clearance has one change for each transaction'),
  },
  {
    name: 'CL8 what a reading shows is counted again as a change',
    file: 'src/ledger/clearances.ts',
    from: "'unknown') and slot > r.slot",
    to: "'unknown') and slot >= r.slot",
    by: unit(LEDGER, 'a clearance has one change for each transaction'),
  },
  {
    name: 'CL9 a change that a fork dropped counts',
    file: 'src/ledger/clearances.ts',
    from: "and subscriber_id = r.subscriber_id and finality <> 'withdrawn'",
    to: 'and subscriber_id = r.subscriber_id',
    by: unit(LEDGER, 'what a fork dropped counts only where'),
  },
  {
    name: 'CL10 a token account that a fork took back counts as given away',
    file: 'src/ledger/clearances.ts',
    from: "kind = 'notice' and finality <> 'withdrawn'",
    to: "kind = 'notice'",
    by: unit(LEDGER, 'what a fork dropped counts only where'),
  },
  {
    name: 'CL11 a trade that a fork dropped ends a clearance to close',
    file: 'src/ledger/clearances.ts',
    from: "and f.finality <> 'withdrawn' and f.slot",
    to: 'and f.slot',
    by: unit(LEDGER, 'what a fork dropped counts only where'),
  },
  {
    name: 'CL12 a clearance is granted by a ledger under another identity',
    file: 'src/ledger/clearances.ts',
    from: 'await requireIdentity(tx, under);',
    to: '',
    by: unit(LEDGER, 'none is granted by a ledger whose books'),
  },
  {
    name: 'CL13 a clearance that has ended is ended again, and covers more slots',
    file: 'src/ledger/clearances.ts',
    from: 'revoked_at is null and until_slot > ${slot}',
    to: 'revoked_at is null',
    by: unit(LEDGER, 'a clearance is ended once'),
  },
  {
    name: 'DL1 a market that is shown to be empty takes dropped lots away',
    file: 'src/core/lots.ts',
    from: '      return {\n        ...holdings,\n        lots: lots.filter',
    to: '      return {\n        averages: next,\n        hidden,\n        lots: lots.filter',
    by: unit('test/core/dropped-lots.test.ts', 'what was dropped stays so after'),
  },
  {
    name: 'DL2 a state that was read in between takes dropped lots away',
    file: 'src/core/stood.ts',
    from: 'return { ...holdings, lots, averages };',
    to: 'return { hidden, lots, averages };',
    by: unit('test/core/dropped-lots.test.ts', 'stays so behind a state'),
  },
  {
    name: 'SW1 the oldest swap of a day bounds its losses, and not the largest',
    file: 'src/core/outflow.ts',
    from: 'while ((peaks.at(-1)?.swapped ?? group.swapped + 1n) <= group.swapped) peaks.pop();',
    to: '',
    by: unit('test/core/swap-losses.test.ts', 'the largest swap of the day bounds'),
  },
  {
    name: 'CL14 a debt whose order beside an outflow is not told was owed at that outflow',
    file: 'src/core/standing.ts',
    from: '? comparePositions(each.at, at) < 0\n',
    to: '? comparePositions(each.at, at) <= 0\n',
    by: unit('test/core/standing.test.ts', 'counts a debt from behind its place on'),
  },
  {
    name: 'CL15 a payment whose order beside an outflow is not told came after that outflow',
    file: 'src/core/standing.ts',
    from: 'comparePositions(each.at, at) <= 0,',
    to: 'comparePositions(each.at, at) < 0,',
    by: unit('test/core/standing.test.ts', 'counts an end of a debt from its place on'),
  },
];
