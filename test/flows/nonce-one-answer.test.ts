// Nonce one answer: a payment under a nonce has landed, and its node has no status of it. One
// answer about the transaction that moved the nonce is wrong. The debt is not paid twice.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { base58Text } from '../../src/core/ids.ts';
import { editedNode } from '../support/edited-node.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';
import { failedOnce, statusless } from '../support/wrong-failure.ts';

test.each([
  ['with a second provider', true],
  ['with one provider', false],
])(
  '%s, a payment under a nonce that one answer calls failed is not followed by another',
  async (_, hasSecond) => {
    const sponsor = Keypair.generate();
    let url = '';
    let about: string | null = null;
    const wrong = failedOnce(() => about);
    const unknown = statusless(() => about);
    const node = await editedNode(
      () => url,
      (question, result) => wrong.edit(question, unknown(question, result)),
    );
    await using closing = new AsyncDisposableStack();
    closing.defer(() => node.close());
    await using street = await openStreet({
      sponsor,
      settings(given, { chain }) {
        url = chain.rpcUrl;
        const secondUrl = hasSecond ? { secondUrl: chain.rpcUrl } : {};
        return {
          ...given,
          rpc: { ...given.rpc, url: node.url, ...secondUrl },
          payments: { ...given.payments, replayGuard: 'nonce' as const },
        };
      },
    });
    street.sendSol(sponsor.publicKey, 1_000_000_000n);
    const creator = Keypair.generate().publicKey;
    const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('ana', trader, creator);
    const paid = (count: number) =>
      expect
        .poll(
          async () => (await street.shares('ana')).filter(({ status }) => status === 'paid').length,
        )
        .toBe(count);
    profitableClose(street.people, trader);
    await paid(1);
    // From the moment in which it is sent, the node is wrong about the second payment.
    street.world.mischief.drops = (transaction) => {
      about ??= base58Text(transaction.signatures[0] ?? new Uint8Array());
      return false;
    };
    profitableClose(street.people, trader);
    await paid(2);
    expect(wrong.lies).toBe(1);
    const owed = (await street.shares('ana')).reduce((sum, each) => sum + BigInt(each.amount), 0n);
    expect(street.people.quoteOf(creator)).toBe(owed);
    const states = (await paymentsIn(street.database)).map(({ state }) => state);
    expect(states).toEqual(['landed', 'landed']);
  },
);
