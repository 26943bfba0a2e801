// Fees: reads the network's base fee, the rent of a token account, and the priority fees that
// others pay.
import { type Connection, PublicKey } from '@solana/web3.js';
import { raisedPrice } from '../core/backoff.ts';
import type { FeeMarket } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import { compile } from './compile.ts';
import { addressOf } from './keys.ts';
import { NONCE_BYTES } from './nonce.ts';
import { askNode, countOf, itemsOf, membersOf } from './question.ts';
import { asking } from './rpc.ts';
import { askLatest } from './simulation.ts';

const FULL_UNITS = 1_400_000;
const TOKEN_ACCOUNT_BYTES = 165;

/**
 * Remembers a value and asks for it again once it is older than `forMs`. Callers that arrive during
 * a request share its answer, so a burst of payments costs one request. Errors are not remembered.
 */
function remembered<T>(
  ask: () => Promise<T>,
  forMs: number,
  elapsedMs: () => number,
): () => Promise<T> {
  let known: { value: T; atMs: number } | null = null;
  let asked: Promise<T> | null = null;
  return async () => {
    if (known !== null && elapsedMs() - known.atMs < forMs) return known.value;
    asked ??= ask()
      .then((value) => {
        known = { value, atMs: elapsedMs() };
        return value;
      })
      .finally(() => {
        asked = null;
      });
    return asked;
  };
}

/** Base fee and rent change with an epoch at most, so asking once a minute is enough. */
const NETWORK_PRICES_LAST_MS = 60_000;

/** For how long a price by accounts is remembered: it is the price of the last few slots alone. */
const BY_ACCOUNTS_LAST_MS = 2_000;
/** The sets of accounts whose price is remembered; payments at one venue name a few. */
const SETS_MOST = 64;
/** The most accounts that a node takes in one question. */
const ACCOUNTS_MOST = 128;

/** The 75th percentile of the fees that a node answers. Micro-lamports for each compute unit. */
async function typicalFee(connection: Connection, accounts: readonly Address[]): Promise<bigint> {
  const method = 'getRecentPrioritizationFees';
  const recent = await asking(method, async () => {
    const answer = await askNode(connection, method, [accounts]);
    return itemsOf(answer, 'the recent fees').map((each) =>
      countOf(membersOf(each, 'a recent fee').prioritizationFee, 'the fee'),
    );
  });
  const paid = recent.toSorted((a, b) => a - b);
  return BigInt(paid[Math.floor(paid.length * 0.75)] ?? 0);
}

/**
 * Creates the fee market. Base fee and rent are read from the node, at most once a minute. The
 * price for priority is the 75th percentile of recent fees. The price of all accounts is read at
 * most every `everyMs`, that of the same contended accounts at most every two seconds. Each price
 * is limited so that a transaction of 1.4 million units pays at most `priorityFeeMost` lamports.
 */
export function createFeeMarket(
  connection: Connection,
  options: { priorityFeeMost: bigint; everyMs: number; elapsedMs: () => number },
): FeeMarket {
  const { elapsedMs, everyMs } = options;
  const priceMost = (options.priorityFeeMost * 1_000_000n) / BigInt(FULL_UNITS);
  const least = (one: bigint, other: bigint): bigint => (one < other ? one : other);
  const ofAll = remembered(() => typicalFee(connection, []), everyMs, elapsedMs);
  const bySet = new Map<string, () => Promise<bigint>>();
  let last = { price: 0n, atMs: Number.NEGATIVE_INFINITY };
  const ofAccounts = async (contended: readonly Address[]): Promise<bigint> => {
    const accounts = [...new Set(contended)].toSorted().slice(0, ACCOUNTS_MOST);
    const key = accounts.join();
    const ask =
      bySet.get(key) ??
      remembered(() => typicalFee(connection, accounts), BY_ACCOUNTS_LAST_MS, elapsedMs);
    // The set that was asked for last is forgotten last.
    bySet.delete(key);
    bySet.set(key, ask);
    for (const each of bySet.keys()) if (bySet.size > SETS_MOST) bySet.delete(each);
    const price = await ask();
    last = { price, atMs: elapsedMs() };
    return price;
  };
  const typicalPrice = async (contended: readonly Address[]): Promise<bigint> => {
    if (contended.length > 0) return least(await ofAccounts(contended), priceMost);
    const price = await ofAll();
    const isNewer = elapsedMs() - last.atMs < everyMs && last.price > price;
    return least(isNewer ? last.price : price, priceMost);
  };
  const rentOf = (bytes: number): (() => Promise<bigint>) =>
    remembered(
      async () => {
        const answered = await asking('getMinimumBalanceForRentExemption', () =>
          connection.getMinimumBalanceForRentExemption(bytes),
        );
        // web3.js returns 0 when the node answered with an error. The real rent is never 0.
        if (answered === 0)
          throw new Fault('rpc_unavailable', 'getMinimumBalanceForRentExemption: no answer');
        return BigInt(answered);
      },
      NETWORK_PRICES_LAST_MS,
      options.elapsedMs,
    );
  return {
    priorityFeeMost: options.priorityFeeMost,
    tokenAccountRent: rentOf(TOKEN_ACCOUNT_BYTES),
    nonceRent: rentOf(NONCE_BYTES),
    lamportsPerSignature: remembered(
      async () => {
        // The smallest message: one signature and no instruction.
        const { blockhash } = await askLatest(connection);
        const message = compile(addressOf(PublicKey.default), [], blockhash).message;
        const { value } = await asking('getFeeForMessage', () =>
          connection.getFeeForMessage(message, 'confirmed'),
        );
        if (value === null)
          throw new Fault(
            'rpc_unavailable',
            'getFeeForMessage: the node does not know the blockhash',
          );
        return BigInt(value);
      },
      NETWORK_PRICES_LAST_MS,
      options.elapsedMs,
    ),
    microLamports: async (expiries = 0, contended = []) =>
      raisedPrice(await typicalPrice(contended), expiries, priceMost),
  };
}
