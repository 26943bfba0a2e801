// Swap: the client of a Jupiter-compatible endpoint (quote, then swap), and the decoder of the
// transactions that it builds. The endpoint is not trusted: core/swap.ts checks each transaction
// before the pen signs it.

import { type Connection, VersionedTransaction } from '@solana/web3.js';
import { Fault, messageOf } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import { TOKEN_PROGRAM, WRAPPED_SOL } from '../core/programs.ts';
import type { LookupTable, SwapDesk } from '../core/signing-ports.ts';
import type { SwapEffect } from '../core/swap.ts';
import type { Instruction } from '../core/transaction.ts';
import { addressOf } from './keys.ts';
import { asking, type CallBounds } from './rpc.ts';
import { inspectTokens } from './tokens.ts';

const SWAP_PROGRAM = 'JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4' as Address;
/** The discriminator of `route`: the first eight bytes of SHA-256 of `global:route`. */
const ROUTE = 'e517cb977ae3ad2a';
/**
 * Bytes after the route plan: in_amount u64, quoted_out_amount u64, slippage_bps u16,
 * platform_fee_bps u8.
 */
const TAIL = 19;

/**
 * The effect of one instruction of a swap. Only the plain `route` is known, in which the tokens
 * pass through no other owner's accounts; any other is `unknown`.
 */
export function inspectSwap(instruction: Instruction): SwapEffect {
  const { program, accounts, data } = instruction;
  const at = (index: number): Address => accounts[index]?.address ?? ('' as Address);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (program === SWAP_PROGRAM) {
    const known = Buffer.from(data.subarray(0, 8)).toString('hex') === ROUTE;
    if (!known || data.length < 8 + 4 + TAIL || accounts.length < 9)
      return { effect: 'unknown', program };
    // An optional account that is left out is given as the program itself.
    if (at(4) !== SWAP_PROGRAM || at(6) !== SWAP_PROGRAM) return { effect: 'unknown', program };
    const tail = data.length - TAIL;
    return {
      effect: 'swap',
      authority: at(1),
      source: at(2),
      destination: at(3),
      destinationMint: at(5),
      amountIn: view.getBigUint64(tail, true),
      quotedOut: view.getBigUint64(tail + 8, true),
      slippageBps: view.getUint16(tail + 16, true),
      platformFeeBps: view.getUint8(tail + 18),
    };
  }
  if (program === TOKEN_PROGRAM && data[0] === 9 && data.length === 1 && accounts.length === 3)
    return { effect: 'close_account', account: at(0), destination: at(1), authority: at(2) };
  return inspectTokens(instruction);
}

/**
 * Creates the client. `offer` throws `swap_failed` when the endpoint does not build a transaction,
 * and `rpc_unavailable` or `rpc_refused` when a lookup table of that transaction cannot be read.
 */
export function createSwapDesk(options: {
  connection: Connection;
  url: string;
  slippageBpsMost: number;
  bounds: CallBounds;
}): SwapDesk {
  const { connection, url, slippageBpsMost, bounds } = options;
  const ask = async (what: string, input: string, init?: RequestInit): Promise<unknown> => {
    try {
      const signal = AbortSignal.timeout(bounds.answerMs);
      const answer = await bounds.read(await fetch(input, { ...init, signal }));
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      return await answer.json();
    } catch (thrown) {
      throw new Fault('swap_failed', `The swap endpoint gave no ${what}: ${messageOf(thrown)}.`, {
        cause: thrown,
      });
    }
  };
  const tablesOf = (transaction: VersionedTransaction): Promise<LookupTable[]> =>
    Promise.all(
      transaction.message.addressTableLookups.map(async ({ accountKey }) => {
        const { value } = await asking('getAccountInfo', () =>
          connection.getAddressLookupTable(accountKey),
        );
        return {
          key: addressOf(accountKey),
          addresses: (value?.state.addresses ?? []).map(addressOf),
        };
      }),
    );
  return {
    async offer(owner, amount, mint) {
      const query = new URLSearchParams({
        inputMint: mint,
        outputMint: WRAPPED_SOL,
        amount: amount.toString(),
        slippageBps: String(slippageBpsMost),
        // Indirect routes open token accounts in between, which the pen does not sign.
        onlyDirectRoutes: 'true',
      });
      const quoteResponse = await ask('quote', `${url}/quote?${query}`);
      const built = (await ask('transaction', `${url}/swap`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          quoteResponse,
          userPublicKey: owner,
          wrapAndUnwrapSol: true,
          useSharedAccounts: false,
        }),
      })) as { swapTransaction?: unknown };
      const bytes = new Uint8Array(Buffer.from(String(built.swapTransaction ?? ''), 'base64'));
      try {
        const transaction = VersionedTransaction.deserialize(bytes);
        return { transaction: bytes, tables: await tablesOf(transaction) };
      } catch (thrown) {
        if (thrown instanceof Fault) throw thrown;
        throw new Fault('swap_failed', 'The swap endpoint answered with no transaction.', {
          cause: thrown,
        });
      }
    },
  };
}
