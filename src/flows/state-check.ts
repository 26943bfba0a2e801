// State check: checks one account's candidate state against its baseline and the facts between
// them, and records the verdict: explained, closed, reckoned, or a gap.
import type { Chain } from '../core/chain-ports.ts';
import type { AccountCheck } from '../core/check-ports.ts';
import type { Address } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import { checkState } from '../core/reckoning.ts';
import { checkUnread } from '../core/unread.ts';
import { type Venues, venueOf } from '../core/venue.ts';
import type { SetAside } from './aside.ts';
import { acrossDeletion, boundRewards, flatFeeFor } from './deletion-check.ts';
import type { HearingShare } from './hearing-share.ts';
import { hiddenLossOf } from './hidden-loss.ts';
import { rescan } from './rescan.ts';

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

/**
 * Checks one account against its candidate state. `repairing` says that the last try failed,
 * perhaps after the gap was recorded and before its stretch was read again. Returns `reckoned` when
 * profit was booked from the state, and `repaired` when the stretch of a gap is read again.
 */
export async function checkOne(
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
    case 'reckoned': {
      // A transaction that no node gives is no act of the subscriber's, and its stretch is long.
      const isJudged = !across && unreadable.length === 0;
      const parts = { ledger, chain, venue, clock };
      const lost = isJudged ? await hiddenLossOf(parts, account, found) : null;
      // Another daemon has recorded a transaction of the stretch, or the reckoning itself. The
      // account is checked again in the next round.
      if (!(await ledger.checks.reckon(account, check.netPnl, found, toldMs, lost))) return 'other';
      log.warn('account.reckoned', {
        address,
        subscriber: subscriberId,
        netPnl: check.netPnl,
        transactions: unknowns + unreadable.length,
      });
      return 'reckoned';
    }
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
export async function isExplained(
  { ledger, clock }: CheckPorts,
  account: AccountCheck,
): Promise<boolean> {
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
