// Checks: the account states that are compared with the facts, in memory.
import type { AccountCheck, Checks } from '../../../src/core/check-ports.ts';
import type { Fact } from '../../../src/core/fact.ts';
import type { Address } from '../../../src/core/ids.ts';
import { isSameStretch } from '../../../src/core/late-facts.ts';
import { isUntold, type OpenSighting } from '../../../src/core/naming.ts';
import { COUNTERS, type Counters } from '../../../src/core/reckoning.ts';
import { LAST_ORDINAL } from '../../../src/core/transaction.ts';
import { type FactRow, factKey, type SightingRow, type State } from './state.ts';

const SUMMED: ReadonlySet<string> = new Set(['tally', 'unknown', 'reckoning']);

const isOpen = (each: SightingRow): each is SightingRow & OpenSighting =>
  each.status === 'wanted' || each.status === 'confirmed';

export function createMemoryChecks(state: State): Checks {
  const checkOf = (address: Address): AccountCheck | null => {
    const account = state.accounts.get(address);
    if (account === undefined || account.role === 'agent_wallet') return null;
    const { subscriberId, role, venue, cursorSlot: slot, listedRevision } = account;
    const check = state.checks.get(address);
    return {
      address,
      subscriberId,
      role,
      cursor: { address, slot, listedRevision },
      ...(venue === undefined ? {} : { venue }),
      baseline: check?.baseline ?? null,
      candidate: check?.candidate ?? null,
      unexplained: check?.difference ?? null,
    };
  };
  const finalFacts = (address: Address, after: number, upto: number): FactRow[] =>
    [...state.facts.values()].filter(
      ({ fact, finality }) =>
        finality === 'finalized' &&
        fact.account === address &&
        fact.position.slot > after &&
        fact.position.slot <= upto,
    );
  const isDue = (check: AccountCheck): boolean =>
    check.baseline === null ||
    check.candidate !== null ||
    check.unexplained !== null ||
    finalFacts(check.address, check.baseline.slot, Number.POSITIVE_INFINITY).some(({ fact }) =>
      SUMMED.has(fact.body.kind),
    );
  /** The row of an account, while its states are the two that were compared; null otherwise. */
  const compared = ({ address, baseline, candidate }: AccountCheck) => {
    const row = state.checks.get(address);
    if (row === undefined || candidate === null) return null;
    const isSame = row.candidate?.slot === candidate.slot && row.baseline.slot === baseline?.slot;
    return isSame ? row : null;
  };
  /** Makes the candidate the baseline, when both are the states that were compared. */
  const advance = (account: AccountCheck): boolean => {
    const row = compared(account);
    if (row === null) return false;
    Object.assign(row, { baseline: account.candidate, candidate: null, difference: null });
    row.turn = ++state.turns;
    return true;
  };
  const toldOf: Checks['told'] = async (address, afterSlot, uptoSlot) => {
    const facts = finalFacts(address, afterSlot, uptoSlot).map(({ fact }) => fact.body);
    const told = Object.fromEntries(
      COUNTERS.map((name) => [
        name,
        facts.reduce((sum, body) => sum + (body.kind === 'tally' ? body[name] : 0n), 0n),
      ]),
    ) as Counters;
    const mints = facts.flatMap((body) => (body.kind === 'tally' ? (body.mints ?? []) : []));
    const quiet = facts.filter((body) => body.kind === 'unknown' && body.tradedAt === null).length;
    const lossesMoved = facts.filter(
      (body) => body.kind === 'unknown' && body.lossMoved === true,
    ).length;
    const complete = ![...state.sightings.values()].some(
      (each) => each.accounts.has(address) && isOpen(each) && isUntold(each, uptoSlot),
    );
    return {
      told: {
        ...told,
        ...(mints.length === 0 ? {} : { mints }),
        ...(quiet === 0 ? {} : { quiet }),
        ...(lossesMoved === 0 ? {} : { lossesMoved }),
      },
      complete,
      perhaps: {
        amounts: facts.flatMap((body) => (body.kind === 'tally' ? (body.perhaps ?? []) : [])),
        untoldFees: facts.reduce(
          (sum, body) => sum + (body.kind === 'tally' ? (body.untoldFees ?? 0) : 0),
          0,
        ),
      },
      tallies: facts.filter((body) => body.kind === 'tally').length,
      unknowns: facts.filter((body) => body.kind === 'unknown').length,
      // Simulated histories tell no times of blocks.
      hiddenSinceMs: null,
      // Simulated nodes give every transaction again before a quarter of an hour is over.
      unreadable: [],
      // No account of the venue is deleted in a simulated history.
      deletedSlot: null,
    };
  };
  const all = (): AccountCheck[] =>
    [...state.accounts.keys()].flatMap((address) => checkOf(address) ?? []);
  return {
    due: async (limit) =>
      all()
        .filter(isDue)
        .sort(
          (a, b) =>
            (state.checks.get(a.address)?.turn ?? 0) - (state.checks.get(b.address)?.turn ?? 0),
        )
        .slice(0, limit),
    find: async (addresses) => addresses.flatMap((address) => checkOf(address) ?? []),
    async begin({ address }, baseline) {
      if (state.checks.has(address)) return;
      state.checks.set(address, { baseline, candidate: null, difference: null, turn: 0 });
    },
    async propose(address, candidate) {
      const row = state.checks.get(address);
      if (row !== undefined && row.candidate === null && row.baseline.slot < candidate.slot)
        row.candidate = candidate;
    },
    told: toldOf,
    async recorded(address, afterSlot, uptoSlot) {
      const moved = new Map<number, { base: bigint; paid: bigint }>();
      for (const { fact } of finalFacts(address, afterSlot, uptoSlot)) {
        const { body } = fact;
        if (body.kind !== 'open' && body.kind !== 'close') continue;
        const isOpen = body.kind === 'open';
        const sign = (body.position === 'long') === isOpen ? 1n : -1n;
        const [base, paid] = isOpen ? [body.base, body.quote ?? 0n] : [body.baseClosed, body.entry];
        const known = moved.get(body.market) ?? { base: 0n, paid: 0n };
        moved.set(body.market, { base: known.base + sign * base, paid: known.paid + sign * paid });
      }
      return [...moved].sort(([a], [b]) => a - b).map(([market, each]) => ({ market, ...each }));
    },
    movedOut: () => Promise.reject(new RangeError('no account is deleted in memory')),
    async discard(address) {
      const row = state.checks.get(address);
      if (row !== undefined) Object.assign(row, { candidate: null, turn: ++state.turns });
    },
    async wait(address) {
      const row = state.checks.get(address);
      if (row !== undefined) row.turn = ++state.turns;
    },
    explained: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    async advance(account) {
      advance(account);
    },
    async reckon(account, netPnl, found, _nowMs = 0, lost = null) {
      const { address, subscriberId, baseline, candidate } = account;
      if (baseline === null || candidate === null) return false;
      if (!isSameStretch(found, await toldOf(address, baseline.slot, candidate.slot))) return false;
      if (!advance(account)) return false;
      const unknown = finalFacts(address, baseline.slot, candidate.slot)
        .filter(({ fact }) => fact.body.kind === 'unknown')
        .sort((a, b) => b.fact.position.slot - a.fact.position.slot)[0];
      if (unknown === undefined) return true;
      const { position, signature } = unknown.fact;
      const fact: Fact = {
        subscriberId,
        account: address,
        signature,
        position: { ...position, ordinal: LAST_ORDINAL + 1 },
        body: {
          kind: 'reckoning',
          netPnl,
          afterSlot: baseline.slot,
          uptoSlot: candidate.slot,
          held: candidate.positions ?? [],
          heldBefore: baseline.positions,
        },
      };
      const beside: Fact[] =
        lost === null
          ? []
          : [{ ...fact, position: { ...position, ordinal: LAST_ORDINAL + 2 }, body: lost }];
      for (const each of [fact, ...beside])
        state.facts.set(factKey(each), {
          fact: each,
          blockIndex: unknown.blockIndex,
          finality: 'finalized',
        });
      return true;
    },
    async gap(account, difference) {
      const row = compared(account);
      if (row === null) return null;
      const news = row.difference === null;
      Object.assign(row, { candidate: null, difference, turn: ++state.turns });
      return news;
    },
    accept: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    gaps: async () =>
      [...state.checks].flatMap(([address, { difference }]) =>
        difference === null
          ? []
          : [
              {
                address,
                difference,
                sinceMs: 0,
                subscriberId: state.accounts.get(address)?.subscriberId ?? '',
              },
            ],
      ),
    absent: async () => [],
    missing: async () => new Set(),
    pulses: async () =>
      [...state.checks].map(([address, { baseline }]) => ({
        address,
        slot: baseline.slot,
        pulse: baseline.pulse,
      })),
  };
}
