// Bank: executes the transactions of the simulated chain by the rules of the real one: the fee is
// always paid, the instructions take effect all or none, and the logs, inner instructions and
// balances that a node reports are kept.
import { base58Text } from '../../../src/core/ids.ts';
import {
  type Account,
  base58Of,
  LAMPORTS_A_SIGNATURE,
  type Program,
  ProgramFailure,
  rentOf,
  type Store,
  SYSTEM,
  TOKEN,
} from './account.ts';
import { programOf } from './drift.ts';
import type { SimTransaction } from './message.ts';
import { ASSOCIATED, associated, MEMO, memo, system, token } from './programs.ts';
import { SWAP_PROGRAM, swaps } from './swaps.ts';
import { SIM_VENUES } from './venues.ts';

const PROGRAMS: ReadonlyMap<string, Program> = new Map<string, Program>([
  [SYSTEM, system],
  [TOKEN, token],
  [ASSOCIATED, associated],
  [MEMO, memo],
  ['ComputeBudget111111111111111111111111111111', () => {}],
  ...SIM_VENUES.map((venue) => [venue.program, programOf(venue)] as const),
  [SWAP_PROGRAM, swaps],
]);

export type TokenRow = {
  readonly accountIndex: number;
  readonly mint: string;
  readonly owner: string;
  readonly amount: bigint;
};
export type Execution = {
  readonly error: unknown;
  readonly fee: bigint;
  readonly logs: readonly string[];
  readonly inner: readonly { readonly index: number; readonly instructions: readonly InnerRow[] }[];
  readonly preBalances: readonly bigint[];
  readonly postBalances: readonly bigint[];
  readonly preTokens: readonly TokenRow[];
  readonly postTokens: readonly TokenRow[];
};
type InnerRow = {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: string;
};

function feeOf(transaction: SimTransaction): bigint {
  let [limit, price] = [200_000n, 0n];
  for (const { program, data } of transaction.instructions) {
    if (!program.startsWith('ComputeBudget')) continue;
    if (data[0] === 2) limit = BigInt(Buffer.from(data).readUInt32LE(1));
    if (data[0] === 3) price = Buffer.from(data).readBigUInt64LE(1);
  }
  const signatures = LAMPORTS_A_SIGNATURE * BigInt(transaction.signers);
  return signatures + (limit * price + 999_999n) / 1_000_000n;
}

function tokensOf(store: Store, keys: readonly string[]): TokenRow[] {
  return keys.flatMap((key, accountIndex) => {
    const account = store.get(key);
    if (account === null || account.owner !== TOKEN || account.data.length !== 165) return [];
    const data = Buffer.from(account.data);
    return [
      {
        accountIndex,
        mint: base58Of(data, 0),
        owner: base58Of(data, 32),
        amount: data.readBigUInt64LE(64),
      },
    ];
  });
}
/** Copies what is written; `commit` puts it into the store below. */
export function createOverlay(below: Store): Store & { commit(): void } {
  const written = new Map<string, Account | null>();
  return {
    get: (address) => (written.has(address) ? (written.get(address) ?? null) : below.get(address)),
    set: (address, account) => void written.set(address, account),
    commit() {
      for (const [address, account] of written) below.set(address, account);
    },
  };
}

/** Why the runtime takes no fee and includes nothing; null when it will execute. */
export function notIncluded(store: Store, transaction: SimTransaction): string | null {
  const payer = store.get(transaction.keys[0] ?? '');
  if (payer === null) return 'AccountNotFound';
  const left = payer.lamports - feeOf(transaction);
  if (left < 0n) return 'InsufficientFundsForFee';
  return left > 0n && left < rentOf(0) ? 'InsufficientFundsForRent' : null;
}

/** Executes into the store. The caller has asked `notIncluded` before. */
export function execute(
  store: Store,
  transaction: SimTransaction,
  at: { slot: number; unixTime: bigint; blockhash: string },
): Execution {
  const { keys, signers, instructions } = transaction;
  const payerKey = keys[0] ?? '';
  const payer = store.get(payerKey);
  const fee = feeOf(transaction);
  const preBalances = keys.map((key) => store.get(key)?.lamports ?? 0n);
  const preTokens = tokensOf(store, keys);
  if (payer !== null) store.set(payerKey, { ...payer, lamports: payer.lamports - fee });
  const overlay = createOverlay(store);
  const logs: string[] = [];
  const inner: { index: number; instructions: InnerRow[] }[] = [];
  const signing = new Set(keys.slice(0, signers));
  let error: unknown = null;
  for (const [index, instruction] of instructions.entries()) {
    const program = PROGRAMS.get(instruction.program);
    const calls: InnerRow[] = [];
    logs.push(`Program ${instruction.program} invoke [1]`);
    try {
      if (program === undefined) throw new ProgramFailure('UnsupportedProgramId');
      program(instruction, {
        ...overlay,
        ...at,
        signed: (address) => signing.has(address),
        log: (line) => logs.push(line),
        called({ program: id, accounts, data }) {
          logs.push(`Program ${id} invoke [2]`, `Program ${id} success`);
          calls.push({
            programIdIndex: keys.indexOf(id),
            accounts: accounts.map((each) => keys.indexOf(each)),
            data: base58Text(data),
          });
        },
      });
      logs.push(`Program ${instruction.program} success`);
    } catch (thrown) {
      if (!(thrown instanceof ProgramFailure)) throw thrown;
      logs.push(`Program ${instruction.program} failed: ${thrown.message}`);
      error = { InstructionError: [index, thrown.failure] };
    }
    if (calls.length > 0) inner.push({ index, instructions: calls });
    if (error !== null) break;
  }
  // An account may end with nothing, or with what keeps it alive, and nothing in between.
  const poor = keys.some((key) => {
    const lamports = overlay.get(key)?.lamports ?? 0n;
    return overlay.get(key)?.owner === SYSTEM && lamports > 0n && lamports < rentOf(0);
  });
  if (error === null && poor) error = 'InsufficientFundsForRent';
  if (error === null) overlay.commit();
  return {
    error,
    fee,
    logs,
    inner,
    preBalances,
    preTokens,
    postBalances: keys.map((key) => store.get(key)?.lamports ?? 0n),
    postTokens: tokensOf(store, keys),
  };
}
