// Transaction: a transaction of the local chain in the core's shape, without a socket in between.
import { type Address, base58Bytes, type Signature } from '../../src/core/ids.ts';
import type { ChainTransaction, TokenBalance } from '../../src/core/transaction.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';

export function transactionOf(landed: Landed): ChainTransaction {
  const { execution } = landed;
  const keys = execution.message.keys as readonly Address[];
  const key = (index: number): Address => keys[index] ?? ('' as Address);
  const rows = new Map<number, { -readonly [K in keyof TokenBalance]: TokenBalance[K] }>();
  for (const [side, list] of [
    ['before', execution.preTokens],
    ['after', execution.postTokens],
  ] as const) {
    for (const { accountIndex, mint, owner, amount, decimals, program } of list) {
      const row = rows.get(accountIndex) ?? {
        account: key(accountIndex),
        mint: mint as Address,
        decimals,
        program: program as Address,
        owner: null,
        ownerAfter: null,
        before: 0n,
        after: 0n,
      };
      row[side] = amount;
      row[side === 'before' ? 'owner' : 'ownerAfter'] = owner as Address;
      rows.set(accountIndex, row);
    }
  }
  return {
    signature: landed.signature as Signature,
    slot: landed.slot,
    blockIndex: landed.index,
    error: execution.error,
    keys,
    instructions: execution.message.instructions.map(({ program, accounts, data }, index) => ({
      program: program as Address,
      accounts: accounts.map((each) => each.address as Address),
      data,
      inner: (execution.inner.find((each) => each.index === index)?.instructions ?? []).map(
        (call) => ({
          program: key(call.programIdIndex),
          accounts: call.accounts.map(key),
          data: base58Bytes(call.data) ?? new Uint8Array(),
        }),
      ),
    })),
    tokenBalances: [...rows.values()],
    signers: keys.slice(0, execution.message.signerCount),
    fee: execution.fee,
    lamports: { before: execution.preBalances, after: execution.postBalances },
    logs: execution.logs,
  };
}
