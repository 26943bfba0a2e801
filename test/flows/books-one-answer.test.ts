// Books one answer: the ledger lacks a payment that landed, or calls it failed, and answers of a
// node about that payment are wrong. The payment is booked, and the debt is not paid twice.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { losePayments, reopenDebts, takeForAnother } from '../support/damage.ts';
import { editedNode } from '../support/edited-node.ts';
import { LONG } from '../support/long.ts';
import { rowlessNode } from '../support/rowless-node.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';
import {
  failedInHistory,
  failedOnce,
  failedStatusOnce,
  memoless,
} from '../support/wrong-failure.ts';

/** In npm test the last one; in `npm run test:long` each. */
const FAULTS = [
  ['calls the transaction failed once', failedOnce],
  ['records no memos', memoless],
  ['calls it failed in the history and itself', failedInHistory],
] as const;
test.each(LONG ? FAULTS : FAULTS.slice(-1))(
  'a payment that the database lost is booked, and not made again, where a node %s',
  async (_, fault) => {
    let url = '';
    let about: string | null = null;
    const wrong = fault(() => about);
    const node = await editedNode(() => url, wrong.edit);
    await using closing = new AsyncDisposableStack();
    closing.defer(() => node.close());
    await using street = await openStreet({
      settings(given, { chain }) {
        url = chain.rpcUrl;
        return { ...given, rpc: { ...given.rpc, url: node.url, secondUrl: chain.rpcUrl } };
      },
    });
    const creator = Keypair.generate().publicKey;
    const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('ana', trader, creator);
    profitableClose(street.people, trader);
    const share = await street.share('ana', ({ status }) => status === 'paid');
    const [paid] = await paymentsIn(street.database);
    await street.stop();
    await losePayments(street.database);
    await reopenDebts(street.database);
    about = paid?.signature ?? null;
    await street.restart();
    await street.share('ana', ({ status }) => status === 'paid');
    expect(wrong.lies).toBeGreaterThan(0);
    expect(street.people.quoteOf(creator)).toBe(BigInt(share.amount));
    expect(await paymentsIn(street.database)).toMatchObject([
      { state: 'landed', signature: paid?.signature, restored: true },
    ]);
  },
);

/** In npm test the last one; in `npm run test:long` each. */
const PROVIDERS = [
  ['one provider', false],
  ['the first of two providers', true],
] as const;
test.each(LONG ? PROVIDERS : PROVIDERS.slice(-1))(
  'a payment that a database lost is not made again where %s leaves its row out of each page',
  async (_, hasSecond) => {
    await using node = await rowlessNode();
    await using street = await openStreet({
      settings(given, { chain }) {
        node.target = chain.rpcUrl;
        const secondUrl = hasSecond ? { secondUrl: chain.rpcUrl } : {};
        return { ...given, rpc: { ...given.rpc, url: node.url, ...secondUrl } };
      },
    });
    const creator = Keypair.generate().publicKey;
    const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    node.account = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey).toBase58();
    await street.subscribe('ana', trader, creator);
    profitableClose(street.people, trader);
    const share = await street.share('ana', ({ status }) => status === 'paid');
    const [paid] = await paymentsIn(street.database);
    await street.stop();
    await losePayments(street.database);
    await reopenDebts(street.database);
    await takeForAnother(street.database);
    node.about = paid?.signature ?? null;
    await street.restart();
    await street.share('ana', ({ status }) => status === 'paid');
    expect(node.lies).toBeGreaterThan(0);
    expect(street.people.quoteOf(creator)).toBe(BigInt(share.amount));
    expect(await paymentsIn(street.database)).toMatchObject([
      { state: 'landed', signature: paid?.signature, restored: true },
    ]);
  },
);

test.runIf(LONG)(
  'of one provider that calls a landed payment failed twice, the history is read before its debts are paid again',
  async () => {
    let url = '';
    let about: string | null = null;
    const [status, transaction] = [failedStatusOnce(() => about), failedOnce(() => about)];
    const node = await editedNode(
      () => url,
      (question, result) => status.edit(question, transaction.edit(question, result)),
    );
    await using closing = new AsyncDisposableStack();
    closing.defer(() => node.close());
    await using street = await openStreet({
      settings(given, { chain }) {
        url = chain.rpcUrl;
        return { ...given, rpc: { ...given.rpc, url: node.url } };
      },
    });
    const creator = Keypair.generate().publicKey;
    const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('ana', trader, creator);
    street.world.mischief.drops = (sent) => {
      about ??= base58Text(sent.signatures[0] ?? new Uint8Array());
      return false;
    };
    profitableClose(street.people, trader);
    const share = await street.share('ana', ({ status: now }) => now === 'paid');
    expect([status.lies, transaction.lies]).toEqual([1, 1]);
    expect(street.people.quoteOf(creator)).toBe(BigInt(share.amount));
    expect(await paymentsIn(street.database)).toMatchObject([{ state: 'landed', restored: true }]);
  },
);
