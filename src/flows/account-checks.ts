// Account checks: compares the state of each watched account with the facts about it. States are
// read at finalized slots and checked by core/reckoning.ts once everything up to them has been
// heard. A difference that no fact explains stays on record as a gap.
import type { Chain } from '../core/chain-ports.ts';
import type { AccountCheck } from '../core/check-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import { checkState } from '../core/reckoning.ts';
import { checkUnread } from '../core/unread.ts';
import { type Venues, venueOf } from '../core/venue.ts';
import type { SetAside } from './aside.ts';
import { backfill } from './backfill.ts';
import { acrossDeletion, boundRewards, flatFeeFor } from './deletion-check.ts';
import type { HearingShare } from './hearing-share.ts';
import { rescan } from './rescan.ts';
import { sideBySide } from './side-by-side.ts';

export type CheckPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venues: Venues;
  readonly aside: SetAside;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * When the stretch of an account's gap was read again last. Without it a stretch is read again
   * only when its gap is new.
   */
  readonly rescanned?: Map<Address, number>;
  /** The part of the hearing that this daemon has; left out: all. */
  readonly share?: Pick<HearingShare, 'parts'>;
};
/**
 * The stretch of a gap that stays open is read again after this. One URL may stand for many nodes,
 * and the one that was asked may have lacked the same transactions again.
 */
const RESCAN_MS = 5 * 60_000;
const BATCH = 100;
/** The accounts that are checked side by side; the ledger answers them in groups. */
const AT_ONCE = 32;
/** The most changed accounts that one run looks at; the others wait for the next run. */
const CHANGED_MOST = 1_000;

/** The accounts whose state could not be read or checked, each with the time of its next try. */
type Failing = ReadonlyMap<string, number>;

/** Runs work that concerns one account. A failure is set aside and gives undefined. */
async function alone<T>(
  { aside }: CheckPorts,
  address: Address,
  failing: Failing,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    const done = await work();
    if (failing.has(address)) await aside.succeeded('state', address);
    return done;
  } catch (thrown) {
    await aside.failed('state', address, thrown);
    return undefined;
  }
}

/**
 * The confirmed slot in which each of these Drift accounts exists, of those that do. An account
 * that was made a moment ago is in no finalized state yet.
 */
async function seenAlready(
  chain: Chain,
  accounts: readonly AccountCheck[],
): Promise<ReadonlyMap<Address, Slot>> {
  const asked = accounts.filter((each) => each.role === 'drift_user');
  if (asked.length === 0) return new Map();
  const addresses = asked.map((each) => each.address);
  const { slot, accounts: found } = await chain.witnessed(() =>
    chain.slices(addresses, null, 'confirmed'),
  );
  return new Map(addresses.filter((_, index) => found[index] != null).map((each) => [each, slot]));
}

/**
 * Reads the states of accounts at a finalized slot, as baseline or as candidate. Returns the number
 * of baselines that it began.
 */
async function read(
  ports: CheckPorts,
  accounts: readonly AccountCheck[],
  failing: Failing = new Map(),
): Promise<number> {
  const { ledger, chain, venues } = ports;
  const addresses = accounts.map((each) => each.address);
  // Every later state is compared with the baseline, so a baseline from a node of another chain
  // would show a gap in every check.
  const { slot, accounts: found } = await chain.witnessed(() =>
    chain.slices(addresses, null, 'finalized'),
  );
  const lacking = accounts.filter((each, index) => each.baseline === null && found[index] == null);
  const seen = await seenAlready(chain, lacking);
  const states = new Map(accounts.map((account, index) => [account, found[index] ?? null]));
  let begun = 0;
  await sideBySide(accounts, AT_ONCE, async (account) => {
    await alone(ports, account.address, failing, async () => {
      const state = venueOf(venues, account).stateOf(
        account.role,
        slot,
        states.get(account) ?? null,
      );
      if (state === null) return;
      if (account.baseline === null) {
        await ledger.checks.begin(account, state, seen.get(account.address) ?? null);
        begun++;
      } else if (state.slot > account.baseline.slot)
        await ledger.checks.propose(account.address, state);
    });
  });
  return begun;
}

/**
 * Reads the baseline of accounts that have none: the state from which on their history is checked.
 * Registering calls this at once; nothing before the baseline is checked.
 */
export async function beginChecks(ports: CheckPorts, accounts: readonly Address[]): Promise<void> {
  const fresh = (await ports.ledger.checks.find(accounts)).filter((each) => each.baseline === null);
  for (let from = 0; from < fresh.length; from += BATCH)
    await read(ports, fresh.slice(from, from + BATCH));
}

/**
 * Checks one account against its candidate state. `repairing` says that the last try failed,
 * perhaps after the gap was recorded and before its stretch was read again. Returns `reckoned` when
 * profit was booked from the state, and `repaired` when the stretch of a gap is read again.
 */
async function checkOne(
  ports: CheckPorts,
  account: AccountCheck,
  repairing: boolean,
): Promise<'reckoned' | 'repaired' | 'other'> {
  const { ledger, chain, clock, log } = ports;
  const { address, baseline, candidate, subscriberId } = account;
  const venue = venueOf(ports.venues, account);
  if (baseline === null || candidate === null) return 'other';
  const toldMs = clock.nowMs();
  const found = await ledger.checks.told(address, baseline.slot, candidate.slot, toldMs);
  const { told, unknowns, complete, deletedSlot, unreadable } = found;
  if (!complete) {
    // Puts the account at the end of the queue, so that others are checked before it is looked at
    // again.
    await ledger.checks.wait(address);
    return 'other';
  }
  // Only a profit that is reckoned leaves rewards out.
  const reckons = unknowns > 0 || unreadable.length > 0;
  const perhaps = reckons
    ? await boundRewards({ ledger, chain, venue }, subscriberId, found.perhaps, candidate.slot)
    : found.perhaps;
  const flatFee = await flatFeeFor({ chain, venue }, perhaps);
  const gone = account.role === 'drift_user' && baseline.hints.exists && !candidate.hints.exists;
  if (gone && deletedSlot === null) {
    await ledger.checks.discard(address);
    throw new Error('A node says that the account is gone, and no deletion of it was heard.');
  }
  const across = deletedSlot !== null && baseline.hints.exists;
  const check =
    unreadable.length > 0
      ? across
        ? ({ verdict: 'unproven' } as const)
        : checkUnread(baseline, { ...found, perhaps }, candidate, flatFee, account.role)
      : across
        ? await acrossDeletion(ports, account, deletedSlot)
        : checkState(baseline, told, unknowns, candidate, perhaps, flatFee);
  switch (check.verdict) {
    case 'unproven':
      // A node may still give the transaction, or a person may accept it.
      await ledger.checks.discard(address);
      return 'other';
    case 'explained':
      await ledger.checks.advance(account, unreadable);
      if (account.unexplained !== null)
        log.info('account.explained', { address, subscriber: subscriberId });
      return 'other';
    case 'closed':
      log.warn('account.closed', { address, subscriber: subscriberId, slot: candidate.slot });
      await ledger.checks.advance(account);
      return 'other';
    case 'reckoned':
      // Another daemon has recorded a transaction of the stretch, or the reckoning itself. The
      // account is checked again in the next round.
      if (!(await ledger.checks.reckon(account, check.netPnl, found, toldMs))) return 'other';
      log.warn('account.reckoned', {
        address,
        subscriber: subscriberId,
        netPnl: check.netPnl,
        transactions: unknowns + unreadable.length,
      });
      return 'reckoned';
    case 'gap': {
      const nowMs = clock.nowMs();
      const news = await ledger.checks.gap(account, check.difference, nowMs);
      // The states that were compared are gone. The account is checked again in the next round.
      if (news === null) return 'other';
      const elapsedMs = clock.elapsedMs();
      const lastMs = ports.rescanned?.get(address) ?? null;
      if (!news && !repairing && (lastMs === null || elapsedMs - lastMs < RESCAN_MS)) {
        // A process that has just started has not read this stretch.
        if (lastMs === null) ports.rescanned?.set(address, elapsedMs);
        return 'other';
      }
      ports.rescanned?.set(address, elapsedMs);
      log.error('account.gap', {
        address,
        subscriber: subscriberId,
        afterSlot: baseline.slot,
        uptoSlot: candidate.slot,
        means: check.meanings.map((each) => each.says),
      });
      await rescan(ports, address, baseline.slot, candidate.slot);
      return 'repaired';
    }
  }
}

/**
 * Whether the facts that were heard already explain an account's candidate state to the unit. Then
 * nothing is missing between the two states, and the account's history need not be read for the
 * check. Anything else is left to the whole check, which reads the history first.
 */
async function isExplained({ ledger, clock }: CheckPorts, account: AccountCheck): Promise<boolean> {
  const { address, baseline, candidate } = account;
  if (baseline === null || candidate === null || account.unexplained !== null) return false;
  if (!baseline.hints.exists || !candidate.hints.exists) return false;
  const found = await ledger.checks.told(address, baseline.slot, candidate.slot, clock.nowMs());
  const { told, unknowns, complete, deletedSlot, unreadable } = found;
  if (!complete || unknowns > 0 || deletedSlot !== null || unreadable.length > 0) return false;
  // Without any fact the account changed in a way that its counters do not show.
  if (found.tallies === 0) return false;
  if (checkState(baseline, told, 0, candidate).verdict !== 'explained') return false;
  await ledger.checks.advance(account);
  return true;
}

/**
 * Checks the accounts that are due and those that have changed. A candidate is checked once the
 * account's own history was scanned past it and every transaction of that scan was read; until then
 * it waits, unless the facts explain it already. Returns the subscribers for whom profit was
 * reckoned, the number of transactions noted, and whether more accounts may wait for a baseline:
 * this run began as many as it takes, as after an import by a command, of which this daemon learns
 * from Postgres.
 */
export async function checkAccounts(
  ports: CheckPorts,
  changed: Map<Address, Slot>,
  signal: AbortSignal,
): Promise<{ reckoned: string[]; noted: number; more: boolean }> {
  const { ledger, aside, clock } = ports;
  const failing = await aside.of('state');
  const resting = (address: Address): boolean => (failing.get(address) ?? 0) > clock.nowMs();
  const due = await ledger.checks.due(BATCH, clock.nowMs(), ports.share?.parts());
  const known = new Set(due.map((each) => each.address));
  const looked = [...changed].slice(0, CHANGED_MOST);
  const altered = await ledger.checks.find(looked.map(([address]) => address));
  // A change is done with once a finalized state from after it was checked. A wallet has no state
  // to check.
  const open = new Map(altered.map((each) => [each.address, each.baseline?.slot ?? -1]));
  for (const [address, slot] of looked)
    if ((open.get(address) ?? slot) >= slot) changed.delete(address);
  const accounts = [
    ...due,
    ...altered.filter(
      ({ address }) => changed.has(address) && !known.has(address) && !resting(address),
    ),
  ];
  const reckoned = new Set<string>();
  let [noted, begun] = [0, 0];
  for (let from = 0; from < accounts.length && !signal.aborted; from += BATCH) {
    const given = accounts.slice(from, from + BATCH);
    const explained = new Set<Address>();
    await sideBySide(given, AT_ONCE, async (each) => {
      if (each.candidate === null || each.cursor.slot >= each.candidate.slot) return;
      const done = await alone(ports, each.address, failing, () => isExplained(ports, each));
      if (done === true) explained.add(each.address);
    });
    const batch = given.filter((each) => !explained.has(each.address));
    const behind = batch.filter((each) => each.candidate && each.cursor.slot < each.candidate.slot);
    if (behind.length > 0) {
      const scan = await backfill(
        ports,
        signal,
        behind.map((each) => each.address),
      );
      noted += scan.noted;
    }
    await sideBySide(batch, AT_ONCE, async (each) => {
      if (each.candidate === null || each.cursor.slot < each.candidate.slot) return;
      const outcome = await alone(ports, each.address, failing, () =>
        checkOne(ports, each, failing.has(each.address)),
      );
      if (outcome === 'reckoned') reckoned.add(each.subscriberId);
      if (outcome === 'repaired') noted++;
    });
    const idle = batch.filter((each) => each.candidate === null);
    if (idle.length > 0) begun += await read(ports, idle, failing);
  }
  return { reckoned: [...reckoned], noted, more: begun >= BATCH };
}
