// Account checks: compares the state of each watched account with the facts about it. States are
// read at finalized slots, and state-check.ts checks them once everything up to them has been
// heard. A difference that no fact explains stays on record as a gap.
import type { Chain } from '../core/chain-ports.ts';
import type { AccountCheck } from '../core/check-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import { venueOf } from '../core/venue.ts';
import { backfill } from './backfill.ts';
import { sideBySide } from './side-by-side.ts';
import { type CheckPorts, checkOne, isExplained } from './state-check.ts';

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
