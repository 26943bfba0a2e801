// Wallet call: decodes an instruction of the token programs or the system program. Layouts:
// spl-token's TokenInstruction with p-token's additions (38, 45, 255), and the system program's
// SystemInstruction.
import type { Address } from './ids.ts';
import { base58Text } from './ids.ts';
import { SYSTEM_PROGRAM, TOKEN_PROGRAMS } from './programs.ts';
import type { Call } from './transaction.ts';

export type WalletCall =
  | {
      readonly does: 'token_transfer';
      readonly source: Address;
      readonly destination: Address;
      readonly amount: bigint;
    }
  | {
      readonly does: 'token_approve';
      readonly source: Address;
      readonly delegate: Address;
      readonly amount: bigint;
    }
  | {
      readonly does: 'token_set_authority';
      readonly account: Address;
      /** Null removes the authority. */
      readonly authority: Address | null;
      /** The kind of authority: 2 is the owner, 3 the authority that may close the account. */
      readonly type: number;
    }
  | { readonly does: 'token_burn'; readonly account: Address }
  /**
   * Closing (9), unwrapping (45) and withdrawing excess lamports (38) send lamports of a token
   * account to the destination.
   */
  | { readonly does: 'token_lamports'; readonly account: Address; readonly destination: Address }
  | {
      readonly does: 'sol_transfer';
      readonly source: Address;
      readonly destination: Address;
      readonly lamports: bigint;
    }
  /** An account gets its size, its owning program, or both. */
  | {
      readonly does: 'account_made';
      readonly account: Address;
      readonly space: bigint | null;
      readonly owner: Address | null;
    };

const u64 = (data: Uint8Array, at: number): bigint =>
  data.length < at + 8
    ? 0n
    : new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(at, true);
const keyAt = (data: Uint8Array, at: number): Address | null =>
  data.length < at + 32 ? null : (base58Text(data.subarray(at, at + 32)) as Address);

export type Read = Pick<Call, 'accounts' | 'data'>;

/** Length of the header of each call in a batch: one byte for its accounts, one for its data. */
const BATCH_HEADER = 2;

/**
 * The calls inside p-token's `batch`. A batch that does not fit its data fails on chain, so what is
 * decoded of it does not matter.
 */
export function batched({ accounts, data }: Read): Read[] {
  const calls: Read[] = [];
  let [at, account] = [1, 0];
  while (at + BATCH_HEADER <= data.length) {
    const [count, length] = [data[at] ?? 0, data[at + 1] ?? 0];
    at += BATCH_HEADER;
    calls.push({
      accounts: accounts.slice(account, account + count),
      data: data.subarray(at, at + length),
    });
    account += count;
    at += length;
  }
  return calls;
}

function tokenCalls({ accounts, data }: Read): WalletCall[] {
  const at = (index: number) => accounts[index] ?? ('' as Address);
  // The token program may have more instructions than the numbers known here.
  const instruction: number = data[0] ?? -1;
  switch (instruction) {
    case 3:
      return [{ does: 'token_transfer', source: at(0), destination: at(1), amount: u64(data, 1) }];
    case 12:
      return [{ does: 'token_transfer', source: at(0), destination: at(2), amount: u64(data, 1) }];
    case 26: // TransferFeeExtension: TransferCheckedWithFee is its second instruction.
      return data[1] === 1
        ? [{ does: 'token_transfer', source: at(0), destination: at(2), amount: u64(data, 2) }]
        : [];
    case 4:
      return [{ does: 'token_approve', source: at(0), delegate: at(1), amount: u64(data, 1) }];
    case 13:
      return [{ does: 'token_approve', source: at(0), delegate: at(2), amount: u64(data, 1) }];
    case 6: {
      const authority = data[2] === 1 ? keyAt(data, 3) : null;
      return [{ does: 'token_set_authority', account: at(0), type: data[1] ?? 0, authority }];
    }
    case 8: // Burn
    case 15: // BurnChecked
      return [{ does: 'token_burn', account: at(0) }];
    case 9: // CloseAccount
    case 38: // WithdrawExcessLamports
    case 45: // UnwrapLamports
      return [{ does: 'token_lamports', account: at(0), destination: at(1) }];
    case 255:
      return batched({ accounts, data }).flatMap(tokenCalls);
    default:
      return [];
  }
}

function systemCalls({ accounts, data }: Read): WalletCall[] {
  if (data.length < 4) return [];
  const at = (index: number) => accounts[index] ?? ('' as Address);
  const sent = (source: Address, destination: Address, lamports: bigint): WalletCall => ({
    does: 'sol_transfer',
    source,
    destination,
    lamports,
  });
  const made = (space: bigint | null, owner: Address | null, account = at(0)): WalletCall => ({
    does: 'account_made',
    account,
    space,
    owner,
  });
  const instruction = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(
    0,
    true,
  );
  switch (instruction) {
    case 0: // CreateAccount: lamports, space, owner
      return [sent(at(0), at(1), u64(data, 4)), made(u64(data, 12), keyAt(data, 20), at(1))];
    case 1: // Assign
      return [made(null, keyAt(data, 4))];
    case 2: // Transfer
      return [sent(at(0), at(1), u64(data, 4))];
    case 3: {
      // CreateAccountWithSeed: base key, length and text of the seed, then lamports, space, owner.
      const rest = 44 + Number(u64(data, 36));
      return [
        sent(at(0), at(1), u64(data, rest)),
        made(u64(data, rest + 8), keyAt(data, rest + 16), at(1)),
      ];
    }
    case 5: // WithdrawNonceAccount: the second account receives.
    case 11: // TransferWithSeed: the third account receives.
      return [sent(at(0), at(instruction === 5 ? 1 : 2), u64(data, 4))];
    case 8: // Allocate
      return [made(u64(data, 4), null)];
    case 9: {
      // AllocateWithSeed: base key, seed, space, owner
      const rest = 44 + Number(u64(data, 36));
      return [made(u64(data, rest), keyAt(data, rest + 8))];
    }
    case 10: // AssignWithSeed: base key, seed, owner
      return [made(null, keyAt(data, 44 + Number(u64(data, 36))))];
    case 13: // CreateAccountAllowPrefund: the new account comes first, then who funds it.
      return [sent(at(1), at(0), u64(data, 4)), made(u64(data, 12), keyAt(data, 20))];
    default:
      return [];
  }
}

/**
 * The effects of a call, in order; empty when the call is another program's, or moves neither value
 * nor control.
 */
export function walletCalls(call: Pick<Call, 'program' | 'accounts' | 'data'>): WalletCall[] {
  if (TOKEN_PROGRAMS.has(call.program)) return tokenCalls(call);
  return call.program === SYSTEM_PROGRAM ? systemCalls(call) : [];
}
