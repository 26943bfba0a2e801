// Notices: reports instructions that change who controls a watched account or how much can be taken
// from it. They move no value themselves and write no record, but often precede a loss.
import type { Notice } from '../core/fact.ts';
import { type Address, base58Text } from '../core/ids.ts';
import { ORDINALS_A_CALL } from '../core/transaction.ts';
import type { Watched } from '../core/watch-ports.ts';
import type { Heard, VenueCall } from './heard.ts';

const keyAt = (call: VenueCall, at: number): Address | null =>
  call.data.length < at + 32 ? null : (base58Text(call.data.subarray(at, at + 32)) as Address);
const u16At = (call: VenueCall, at: number): number =>
  (call.data[at] ?? 0) | ((call.data[at + 1] ?? 0) << 8);

const u64At = (call: VenueCall, at: number): bigint | null =>
  call.data.length < at + 8 ? null : Buffer.from(call.data).readBigUInt64LE(at);

type Reader = (call: VenueCall) => Omit<Notice, 'kind'>;
const none = { who: null, amount: null };

/** The notice of each call. A call that is not listed has none. */
const NOTICES: Readonly<Record<string, Reader>> = {
  update_user_delegate: (call) => ({
    what: 'delegate_changed',
    ...none,
    who: keyAt(call, 10),
    detail: 'May trade, swap and move positions between own sub-accounts.',
  }),
  delete_user: () => ({ what: 'user_deleted', ...none, detail: 'The Drift account was closed.' }),
  force_delete_user: () => ({
    what: 'user_deleted',
    ...none,
    detail: 'The venue closed an idle Drift account that held next to nothing.',
  }),
  update_user_margin_trading_enabled: (call) => ({
    what: 'margin_trading_changed',
    ...none,
    detail: call.data[10] === 1 ? 'Borrowing was allowed.' : 'Borrowing was switched off.',
  }),
  update_user_pool_id: (call) => ({
    what: 'pool_changed',
    ...none,
    detail: `Moved to pool ${call.data[10] ?? 0}.`,
  }),
  isolated_transfer: (call) => ({
    what: 'isolated_transfer',
    ...none,
    amount: Buffer.from(call.data).readBigInt64LE(12),
    detail: `Collateral into or out of the isolated position of market ${u16At(call, 10)}.`,
  }),
  update_user_allow_delegate_transfer: (call) => ({
    what: 'delegate_transfers_changed',
    ...none,
    detail:
      call.data[8] === 1
        ? 'A delegate may move deposits between own sub-accounts.'
        : 'A delegate may no longer move deposits between own sub-accounts.',
  }),
  update_user_equity_floor: (call) => ({
    what: 'equity_floor_changed',
    ...none,
    amount: u64At(call, 8),
    detail: 'The venue set the equity below which it refuses withdrawals, in quote base units.',
  }),
  special_transfer_perp_position_to_vamm: (call) => ({
    what: 'position_transfer',
    ...none,
    detail: `A position in market ${u16At(call, 8)} moved to the venue's own AMM at the oracle price.`,
  }),
  update_special_user_status: (call) => ({
    what: 'special_status_changed',
    ...none,
    detail:
      call.data[8] === 0
        ? 'The venue took the special status away: positions move by fills alone.'
        : "The venue gave a special status: positions may move to the venue's own AMM.",
  }),
  trip_equity_floor_breaker: () => ({
    what: 'equity_breaker_tripped',
    ...none,
    detail:
      'The venue stopped every withdrawal of the wallet, because a sub-account fell below its equity floor.',
  }),
  change_approved_builder: (call) => ({
    what: 'builder_approved',
    who: keyAt(call, 8),
    amount: BigInt(u16At(call, 40)),
    detail: `May charge up to ${u16At(call, 40)} tenths of a basis point of every fill.`,
  }),
};

/** The watched account or wallet that a call of the venue is about. */
function subjectOf(heard: Heard, call: VenueCall): Watched | undefined {
  if (call.known === null) return undefined;
  const at = 'user' in call.known ? call.known.user : call.known.authority;
  return heard.watched.get(call.accounts[at] ?? '');
}

/**
 * The watched wallet to which a new sub-account belongs: the wallet at the index of the authority,
 * or any wallet among the call's accounts from which the new address derives. The second rule
 * covers a coming program of Velocity, which moves the authority by one place.
 */
function ownerOf(
  heard: Heard,
  call: VenueCall,
  place: number,
  created: Address,
): Watched | undefined {
  const wallets = [call.accounts[place], ...call.accounts].map((each) =>
    heard.watched.get(each ?? ''),
  );
  const { addresses } = heard.dialect;
  return wallets.find(
    (wallet, at) =>
      wallet?.role === 'agent_wallet' &&
      (at === 0 || addresses.user(wallet.address, u16At(call, 8)) === created),
  );
}

/** Puts the notices of a transaction's instructions. Logs do not show these changes. */
export function hearNotices(heard: Heard): void {
  for (const call of heard.venueCalls) {
    const ordinal = call.place * ORDINALS_A_CALL + 2;
    if (call.known?.call === 'initialize_user') {
      const created = call.accounts[call.known.user];
      const wallet = created && ownerOf(heard, call, call.known.authority, created);
      if (!wallet || created === undefined) continue;
      heard.put(wallet.subscriberId, wallet.address, ordinal, {
        kind: 'notice',
        what: 'sub_account_seen',
        who: created,
        amount: BigInt(u16At(call, 8)),
        detail: `Sub-account ${u16At(call, 8)} was created.`,
      });
      continue;
    }
    const subject = subjectOf(heard, call);
    const read = NOTICES[call.known?.call ?? ''];
    if (subject === undefined || read === undefined) continue;
    heard.put(subject.subscriberId, subject.address, ordinal, { kind: 'notice', ...read(call) });
  }
}
