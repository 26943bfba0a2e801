// State: reads from a watched account's own bytes the counters that must equal the sum of its
// facts, the hints that explain a difference, and the pulse that a sweep compares.

import type { ChainAccount, Slice } from '../core/chain-ports.ts';
import type { Held } from '../core/fact.ts';
import { type Address, base58Text } from '../core/ids.ts';
import {
  type AccountState,
  blankState,
  NO_COUNTERS,
  type QuoteHolding,
} from '../core/reckoning.ts';
import { isTokenAccount } from '../core/token-account.ts';
import type { Venue } from '../core/venue.ts';
import type { Watched } from '../core/watch-ports.ts';
import { type AccountReaders, ISOLATED_FLAG, isZero } from './accounts.ts';
import type { Profile } from './profile.ts';

export type StateReaders = {
  /**
   * The counters, hints and positions of a User. T, the realised total, is the sum over perp slots
   * of quote less entry, plus everything ever settled. Only closes, fees, funding and liquidations
   * change T.
   */
  ofUser(data: Uint8Array): Omit<AccountState, 'slot'>;
  /** The slice of an account of that role that a sweep compares. */
  pulse(role: Watched['role']): Slice;
  /** As `Venue.leaves`. */
  readonly leaves: Venue['leaves'];
  /**
   * The state of an account that was read whole; null for a wallet, which has no counters. Throws
   * `account_unreadable` when the account in the place of a User is not a User of this venue.
   */
  stateOf(role: Watched['role'], slot: number, account: ChainAccount | null): AccountState | null;
};

/** Creates the readers of account state from a profile and its account readers. */
export function createStateReaders(profile: Profile, accounts: AccountReaders): StateReaders {
  const { fields } = profile.accounts.User;
  const { spots, pulse, delegate: delegateAt, perpFunding } = fields;
  const { totalDeposits, totalWithdraws, settledPerpPnl } = fields;
  const { at: perpsAt, end, stride, isolated: isolatedAt, market, flags } = fields.perps;

  /**
   * The first spot position is always the quote market's. Balance type 1 is a borrow, returned
   * negative.
   */
  const quoteOf = (view: DataView, unsettled: bigint, isolated: bigint): QuoteHolding => {
    const scaled = view.getBigUint64(spots, true);
    let alone = isolated === 0n;
    for (let at = spots + 40; at < perpsAt; at += 40) if (!isZero(view, at)) alone = false;
    return { scaled: view.getUint8(spots + 34) === 1 ? -scaled : scaled, unsettled, alone };
  };

  const ofUser = (data: Uint8Array): Omit<AccountState, 'slot'> => {
    const view = accounts.viewOf(data, 'User');
    const settled = view.getBigInt64(settledPerpPnl, true);
    let realised = settled;
    let isolated = 0n;
    const positions: Held[] = [];
    for (let at = perpsAt; at < end; at += stride) {
      if ((view.getUint8(at + flags) & ISOLATED_FLAG) !== 0)
        isolated += view.getBigUint64(at + isolatedAt, true);
      if (!isZero(view, at + 8))
        positions.push({
          market: view.getUint16(at + market, true),
          base: view.getBigInt64(at + 8, true),
          entry: sizeOf(view.getBigInt64(at + 32, true)),
        });
      if (isZero(view, at + 16) && isZero(view, at + 32)) continue;
      realised += view.getBigInt64(at + 16, true) - view.getBigInt64(at + 32, true);
    }
    const delegate = Buffer.prototype.latin1Slice.call(data, delegateAt, delegateAt + 32);
    return {
      counters: {
        realised,
        funding: view.getBigInt64(perpFunding, true),
        deposits: view.getBigUint64(totalDeposits, true),
        withdraws: view.getBigUint64(totalWithdraws, true),
        tokens: 0n,
      },
      hints: {
        exists: true,
        delegate: delegate === NOBODY ? '' : delegate,
        quoteFlow: view.getBigInt64(spots + 24, true),
        isolated,
      },
      positions,
      quote: quoteOf(view, realised - settled, isolated),
      pulse: Buffer.prototype.latin1Slice.call(data, pulse.offset, pulse.offset + pulse.length),
    };
  };

  const pulses: Readonly<Record<Watched['role'], Slice>> = {
    drift_user: pulse,
    agent_token_account: TOKEN_PULSE,
    agent_wallet: { offset: 0, length: 0 },
  };
  return {
    ofUser,
    pulse: (role) => pulses[role],
    leaves(role, before, after, isAgent) {
      if (role === 'agent_wallet' || before.length !== pulses[role].length) return false;
      const [was, is] = [Buffer.from(before, 'latin1'), Buffer.from(after, 'latin1')];
      if (role === 'agent_token_account') return tokensLeave(was, is, isAgent);
      const withdraws = totalWithdraws - pulse.offset;
      return (
        is.length < was.length || is.readBigUInt64LE(withdraws) > was.readBigUInt64LE(withdraws)
      );
    },
    stateOf(role, slot, account) {
      if (role === 'agent_wallet') return null;
      if (account === null || account.data.length === 0) return blankState(slot);
      if (role === 'drift_user') return { slot, ...ofUser(accounts.owned(account)) };
      return tokenState(slot, account);
    },
  };
}

/** The entry without its sign: the program stores a long's entry negative, a short's positive. */
const sizeOf = (entry: bigint): bigint => (entry < 0n ? -entry : entry);

const NOBODY = '\0'.repeat(32);

/** Mint, owner, amount, delegate and state of a token account. */
const TOKEN_PULSE = { offset: 0, length: 109 };
/** The owner in a token account, and the offset of its amount. */
const TOKEN_OWNER = { from: 32, upTo: 64 };
const TOKEN_AMOUNT = 64;

/**
 * Whether tokens of the agent left between two pulses of a token account, of which the first is
 * whole. A watched account may belong to a stranger by now, who moves tokens of its own.
 */
function tokensLeave(was: Buffer, is: Buffer, isAgent: (wallet: Address) => boolean): boolean {
  const { from, upTo } = TOKEN_OWNER;
  const owner = was.subarray(from, upTo);
  if (!isAgent(base58Text(owner) as Address)) return false;
  const held = was.readBigUInt64LE(TOKEN_AMOUNT);
  if (is.length < was.length) return held > 0n;
  const sameOwner = owner.equals(is.subarray(from, upTo));
  return !sameOwner || is.readBigUInt64LE(TOKEN_AMOUNT) < held;
}

const NOTHING = { exists: false, delegate: '', quoteFlow: 0n, isolated: 0n };

/**
 * The state of the account at the address of a watched token account. Once the token account is
 * closed, another account may be made there, such as a mint; then the token account is gone.
 */
function tokenState(slot: number, account: ChainAccount): AccountState {
  const bytes = Buffer.from(account.data);
  const { offset, length } = TOKEN_PULSE;
  const pulse = bytes.toString('latin1', offset, offset + length);
  if (!isTokenAccount(account)) return { ...blankState(slot), pulse };
  return {
    slot,
    counters: { ...NO_COUNTERS, tokens: bytes.readBigUInt64LE(TOKEN_AMOUNT) },
    hints: { ...NOTHING, exists: true },
    positions: [],
    mint: base58Text(bytes.subarray(0, 32)) as Address,
    pulse,
  };
}
