// State: what a watched account's own bytes say of its history: counters that the facts must add up to, hints of what a
// difference means, and the pulse that a sweep compares.

import type { Held } from '../core/fact.ts';
import type { Watched } from '../core/hearing-ports.ts';
import type { ChainAccount, Slice } from '../core/outside.ts';
import {
  type AccountState,
  blankState,
  NO_COUNTERS,
  type QuoteHolding,
} from '../core/reckoning.ts';
import { isolatedOf, isZero, viewOf } from './accounts.ts';

/** The part of a User that a sweep reads: every counter and the status, and none of the orders. */
const USER_PULSE = { offset: 4264, length: 93 };

/**
 * What a User's own state says of its history. T, the realised total, is the sum over perp slots of quote less entry,
 * plus what was ever settled: only closes, fees, funding and liquidations change it (drift-facts B7).
 */
export function readAccountState(data: Uint8Array): Omit<AccountState, 'slot'> {
  const view = viewOf(data, 'User');
  const settled = view.getBigInt64(4296, true);
  let realised = settled;
  let isolated = 0n;
  const positions: Held[] = [];
  for (let at = 424; at < 1192; at += 96) {
    isolated += isolatedOf(view, at) ?? 0n;
    if (!isZero(view, at + 8))
      positions.push({
        market: view.getUint16(at + 92, true),
        base: view.getBigInt64(at + 8, true),
        entry: sizeOf(view.getBigInt64(at + 32, true)),
      });
    if (isZero(view, at + 16) && isZero(view, at + 32)) continue;
    realised += view.getBigInt64(at + 16, true) - view.getBigInt64(at + 32, true);
  }
  const delegate = Buffer.prototype.latin1Slice.call(data, 40, 72);
  return {
    counters: {
      realised,
      funding: view.getBigInt64(4312, true),
      deposits: view.getBigUint64(4272, true),
      withdraws: view.getBigUint64(4280, true),
      tokens: 0n,
    },
    hints: {
      exists: true,
      delegate: delegate === NOBODY ? '' : delegate,
      quoteFlow: view.getBigInt64(104 + 24, true),
      isolated,
    },
    positions,
    quote: quoteOf(view, realised - settled, isolated),
    pulse: Buffer.prototype.latin1Slice.call(
      data,
      USER_PULSE.offset,
      USER_PULSE.offset + USER_PULSE.length,
    ),
  };
}
/** Without its sign: a long's entry is stored negative, a short's positive. */
const sizeOf = (entry: bigint): bigint => (entry < 0n ? -entry : entry);

/** Spot positions: eight of 40 bytes; the first is always the quote market's. Balance type 1 is a borrow. */
function quoteOf(view: DataView, unsettled: bigint, isolated: bigint): QuoteHolding {
  const scaled = view.getBigUint64(104, true);
  let alone = isolated === 0n;
  for (let at = 144; at < 424; at += 40) if (!isZero(view, at)) alone = false;
  return { scaled: view.getUint8(104 + 34) === 1 ? -scaled : scaled, unsettled, alone };
}
const NOBODY = '\0'.repeat(32);

/** Owner, amount, delegate and state of a token account. */
const TOKEN_PULSE = { offset: 32, length: 77 };
export const PULSES: Readonly<Record<Watched['role'], Slice>> = {
  drift_user: USER_PULSE,
  agent_token_account: TOKEN_PULSE,
  agent_wallet: { offset: 0, length: 0 },
};
const NOTHING = { exists: false, delegate: '', quoteFlow: 0n, isolated: 0n };

/** The state of an account that was read whole; null for a wallet, which keeps no counters. */
export function stateOf(
  role: Watched['role'],
  slot: number,
  account: ChainAccount | null,
): AccountState | null {
  if (role === 'agent_wallet') return null;
  if (account === null || account.data.length === 0) return blankState(slot);
  if (role === 'drift_user') return { slot, ...readAccountState(account.data) };
  const bytes = Buffer.from(account.data);
  return {
    slot,
    counters: { ...NO_COUNTERS, tokens: bytes.length < 72 ? 0n : bytes.readBigUInt64LE(64) },
    hints: { ...NOTHING, exists: true },
    positions: [],
    pulse: bytes.toString('latin1', TOKEN_PULSE.offset, TOKEN_PULSE.offset + TOKEN_PULSE.length),
  };
}
