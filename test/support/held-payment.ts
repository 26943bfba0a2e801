// Held payment: a subscriber whose first payment the leaders hold back, as in congestion, while a
// node gives wrong answers about that payment.
import { Keypair, type VersionedTransaction } from '@solana/web3.js';
import { base58Text } from '../../src/core/ids.ts';
import { editedNode } from './edited-node.ts';
import { paymentsIn } from './rows.ts';
import { openStreet, profitableClose } from './street.ts';

export type Edit = Parameters<typeof editedNode>[1];
const signatureIn = (transaction: VersionedTransaction): string =>
  base58Text(transaction.signatures[0] ?? new Uint8Array());

/**
 * A subscriber who owes one share. The leaders hold the first payment back, as in congestion;
 * `held` is that payment, and `land` executes it after all.
 */
export async function openHeld(
  slotMs: number,
  hasSecond: boolean,
  edit: (slot: () => number) => Edit,
) {
  let url = '';
  let held: VersionedTransaction | null = null;
  let slot = 0;
  const node = await editedNode(
    () => url,
    edit(() => slot),
  );
  const street = await openStreet({
    slotMs,
    settings(given, { chain }) {
      url = chain.rpcUrl;
      const secondUrl = hasSecond ? { secondUrl: chain.rpcUrl } : {};
      return { ...given, rpc: { ...given.rpc, url: node.url, ...secondUrl } };
    },
  });
  const { cluster, mischief } = street.world;
  const creator = Keypair.generate().publicKey;
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  mischief.drops = (transaction) => {
    if (held === null) slot = cluster.slot('processed');
    held ??= transaction;
    return signatureIn(transaction) === signatureIn(held);
  };
  profitableClose(street.driver, trader);
  const first = await street.share('ana', () => true);
  return {
    street,
    owed: BigInt(first.amount),
    paid: () => street.share('ana', ({ status }) => status === 'paid'),
    got: () => street.driver.usdcOf(creator),
    payments: () => paymentsIn(street.database),
    land() {
      mischief.drops = null;
      if (held !== null) cluster.submit(held, held.serialize());
    },
    async [Symbol.asyncDispose]() {
      await street[Symbol.asyncDispose]();
      await node.close();
    },
  };
}

/** One wrong status, that calls a payment final in the slot in which it was sent. */
export const oneStatus =
  (err: unknown) =>
  (slot: () => number): Edit => {
    let lies = 1;
    return ({ method, params }, result) => {
      if (method !== 'getSignatureStatuses' || slot() === 0 || lies-- <= 0) return result;
      const [signatures] = params as [string[]];
      const lie = { slot: slot(), confirmations: null, err, confirmationStatus: 'finalized' };
      return { ...(result as object), value: signatures.map(() => lie) };
    };
  };
/** Another last valid height, by so many blocks, with each blockhash of a simulation. */
export const heights =
  (blocks: number) =>
  (): Edit =>
  ({ method }, result) => {
    if (method !== 'simulateTransaction') return result;
    const told = result as { value: { replacementBlockhash: { lastValidBlockHeight: number } } };
    const given = told.value.replacementBlockhash;
    const lastValidBlockHeight = given.lastValidBlockHeight + blocks;
    const replacementBlockhash = { ...given, lastValidBlockHeight };
    return { ...told, value: { ...told.value, replacementBlockhash } };
  };
