// Wallet call: what an instruction of the token programs or the system program does, read from its bytes. Layouts:
// spl-token's TokenInstruction and the system program's SystemInstruction.
import type { Address } from './ids.ts';
import { base58Text } from './ids.ts';
import type { Call } from './transaction.ts';

export const TOKEN_PROGRAMS: ReadonlySet<string> = new Set([
  'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA',
  'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb',
]);
export const ASSOCIATED_TOKEN_PROGRAM = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL';
export const WRAPPED_SOL = 'So11111111111111111111111111111111111111112';
const SYSTEM_PROGRAM = '11111111111111111111111111111111';

export type WalletCall =
  | {
      readonly act: 'token_transfer';
      readonly source: Address;
      readonly destination: Address;
      readonly amount: bigint;
    }
  | {
      readonly act: 'token_approve';
      readonly source: Address;
      readonly delegate: Address;
      readonly amount: bigint;
    }
  | {
      readonly act: 'token_set_authority';
      readonly account: Address;
      /** Null removes the authority. */
      readonly authority: Address | null;
      /** Which: 2 is the owner, 3 who may close the account. */
      readonly type: number;
    }
  | { readonly act: 'token_close'; readonly account: Address; readonly destination: Address }
  | {
      readonly act: 'sol_transfer';
      readonly source: Address;
      readonly destination: Address;
      readonly lamports: bigint;
      /** Bytes of the account that is created with it; 0 for a plain transfer. */
      readonly space: bigint;
    };

const u64 = (data: Uint8Array, at: number): bigint =>
  data.length < at + 8
    ? 0n
    : new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(at, true);

function tokenCall({ accounts, data }: Call): WalletCall | null {
  const at = (index: number) => accounts[index] ?? ('' as Address);
  // The numbers are the program's own, and it may have more than are known here.
  const instruction: number = data[0] ?? -1;
  switch (instruction) {
    case 3:
      return { act: 'token_transfer', source: at(0), destination: at(1), amount: u64(data, 1) };
    case 12:
      return { act: 'token_transfer', source: at(0), destination: at(2), amount: u64(data, 1) };
    case 26: // TransferFeeExtension: TransferCheckedWithFee is its second instruction.
      return data[1] === 1
        ? { act: 'token_transfer', source: at(0), destination: at(2), amount: u64(data, 2) }
        : null;
    case 4:
      return { act: 'token_approve', source: at(0), delegate: at(1), amount: u64(data, 1) };
    case 13:
      return { act: 'token_approve', source: at(0), delegate: at(2), amount: u64(data, 1) };
    case 6:
      return {
        act: 'token_set_authority',
        account: at(0),
        type: data[1] ?? 0,
        authority: data[2] === 1 ? (base58Text(data.subarray(3, 35)) as Address) : null,
      };
    case 9:
      return { act: 'token_close', account: at(0), destination: at(1) };
    default:
      return null;
  }
}

function systemCall({ accounts, data }: Call): WalletCall | null {
  const source = accounts[0];
  if (source === undefined || data.length < 12) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const sent = (destination: Address | undefined, lamports: bigint, space: bigint): WalletCall => ({
    act: 'sol_transfer',
    source,
    destination: destination ?? ('' as Address),
    lamports,
    space,
  });
  switch (view.getUint32(0, true)) {
    case 0: // CreateAccount
      return sent(accounts[1], u64(data, 4), u64(data, 12));
    case 2: // Transfer
      return sent(accounts[1], u64(data, 4), 0n);
    case 3: {
      // CreateAccountWithSeed: base key, length and text of the seed, then as above.
      const seed = Number(u64(data, 36));
      return sent(accounts[1], u64(data, 44 + seed), u64(data, 52 + seed));
    }
    case 11: // TransferWithSeed: the third account receives.
      return sent(accounts[2], u64(data, 4), 0n);
    default:
      return null;
  }
}

/** Reads a call. Null when it is another program's, or moves nothing. */
export function walletCall(call: Call): WalletCall | null {
  if (TOKEN_PROGRAMS.has(call.program)) return tokenCall(call);
  return call.program === SYSTEM_PROGRAM ? systemCall(call) : null;
}
