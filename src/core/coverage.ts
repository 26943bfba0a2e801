// Coverage: counts the calls that were given an account of a subscriber: understood, neutral (known
// to move neither value nor control), and unknown. Only the program that owns an account can take
// its lamports or change its data, so an unknown call matters when it is a call of the owner: a
// token program or the venue.

import type { Address } from './ids.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  MEMO_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  TOKEN_PROGRAMS,
} from './programs.ts';
import { type Call, type ChainTransaction, callsOf } from './transaction.ts';
import { batched, walletCalls } from './wallet-call.ts';
import type { Watched } from './watch-ports.ts';

export const UNDERSTANDINGS = ['understood', 'neutral', 'unknown'] as const;
export type Understanding = (typeof UNDERSTANDINGS)[number];
export type Coverage = Readonly<Record<Understanding, number>>;

/** The programs that have a name in metrics; every other program is `other`. */
const NAMES: Readonly<Record<string, string>> = {
  [SYSTEM_PROGRAM]: 'system',
  [TOKEN_PROGRAM]: 'token',
  [TOKEN_2022_PROGRAM]: 'token_2022',
  [ASSOCIATED_TOKEN_PROGRAM]: 'associated_token',
  ComputeBudget111111111111111111111111111111: 'compute_budget',
  MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr: 'memo',
  AddressLookupTab1e1111111111111111111111111: 'lookup_table',
  Ed25519SigVerify111111111111111111111111111: 'ed25519',
  JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4: 'jupiter',
  dRiftyHA39MWEi3m9aunc5MzRF1JYuBsbn6VPcn33UH: 'drift',
};
/** The name of a program for a metric's label. There are few names. */
export const programName = (program: string): string => NAMES[program] ?? 'other';

/** Programs that own no account of a subscriber and call no program that does. */
const HARMLESS: ReadonlySet<string> = new Set([
  COMPUTE_BUDGET_PROGRAM,
  MEMO_PROGRAM,
  'AddressLookupTab1e1111111111111111111111111',
  'Ed25519SigVerify111111111111111111111111111',
  'KeccakSecp256k11111111111111111111111111111',
  'Secp256r1SigVerify1111111111111111111111111',
]);

/**
 * Instructions of both token programs that neither take value nor appoint a delegate: initialising,
 * minting, freezing, revoking, asking.
 */
const TOKEN_NEUTRAL: ReadonlySet<number> = new Set([
  0, 1, 2, 5, 7, 10, 11, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24,
]);
/**
 * Token-2022 instructions for extensions of mints and accounts, except those that hide amounts (27,
 * 37, 42).
 */
const TOKEN_2022_NEUTRAL: ReadonlySet<number> = new Set([
  25, 26, 28, 29, 30, 31, 32, 33, 34, 35, 36, 39, 40, 41, 43, 44,
]);
/** Instructions on nonce accounts, except withdrawals. */
const SYSTEM_NEUTRAL: ReadonlySet<number> = new Set([4, 6, 7, 12]);
const BATCH = 255;

/** How well a call of a token program is understood. */
export function understandToken(call: Pick<Call, 'program' | 'accounts' | 'data'>): Understanding {
  const instruction = call.data[0] ?? -1;
  if (instruction === BATCH) {
    const inner = batched(call).map((each) => understandToken({ ...each, program: call.program }));
    return inner.includes('unknown') ? 'unknown' : 'understood';
  }
  if (walletCalls(call).length > 0) return 'understood';
  if (TOKEN_NEUTRAL.has(instruction)) return 'neutral';
  const extended = call.program === TOKEN_2022_PROGRAM && TOKEN_2022_NEUTRAL.has(instruction);
  return extended ? 'neutral' : 'unknown';
}

/** How well a call is understood. `understandVenue` classes the venue's calls. */
export function understand(
  call: Call,
  venue: Address,
  understandVenue: (call: Call) => Understanding,
): Understanding {
  const { program, data } = call;
  if (program === venue) return understandVenue(call);
  if (TOKEN_PROGRAMS.has(program)) return understandToken(call);
  if (program === SYSTEM_PROGRAM) {
    if (walletCalls(call).length > 0) return 'understood';
    return SYSTEM_NEUTRAL.has(data[0] ?? -1) ? 'neutral' : 'unknown';
  }
  if (program === ASSOCIATED_TOKEN_PROGRAM) return 'understood';
  return HARMLESS.has(program) ? 'neutral' : 'unknown';
}

/** The coverage of one successful transaction, by program. */
export function coverageOf(
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
  venue: Address,
  understandVenue: (call: Call) => Understanding,
): Map<Address, Coverage> {
  const byProgram = new Map<Address, Coverage>();
  if (transaction.error !== null) return byProgram;
  const own = new Set<string>();
  for (const { account, owner, ownerAfter } of transaction.tokenBalances)
    if ([owner, ownerAfter].some((each) => each !== null && watched.has(each))) own.add(account);
  for (const call of callsOf(transaction)) {
    if (!call.accounts.some((each) => watched.has(each) || own.has(each))) continue;
    const understanding = understand(call, venue, understandVenue);
    const known = byProgram.get(call.program) ?? { understood: 0, neutral: 0, unknown: 0 };
    byProgram.set(call.program, { ...known, [understanding]: known[understanding] + 1 });
  }
  return byProgram;
}
