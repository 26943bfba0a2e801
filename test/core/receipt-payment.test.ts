// Receipt, payment: what a node shows of a payment decides, not what the receipt says of it.
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import { type Receipt, receiptsIn, receiptText } from '../../src/core/receipt.ts';
import { checkReceipts } from '../../src/core/receipt-verdict.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { faultsOf, keyOf, made, memo, withFirst } from '../support/made-receipt.ts';

test('a payment that the chain shows otherwise is refused: another receiver, amount, memo or signer', () => {
  const { receipt, evidence } = made('per_close', 70_001n);
  const [payment] = receipt.payments as [Receipt['payments'][number]];
  const shown = (change: (found: ChainTransaction) => Partial<ChainTransaction>) => ({
    ...evidence,
    transaction(signature: Signature) {
      const found = evidence.transaction(signature);
      const ours = found !== null && signature === payment.signature;
      return ours ? { ...found, ...change(found) } : found;
    },
  });
  const [toCreator, fromAgent] =
    shown(() => ({})).transaction(payment.signature)?.tokenBalances ?? [];
  const changes: { readonly [name: string]: Partial<ChainTransaction> } = {
    less: { tokenBalances: [{ ...toCreator!, after: toCreator!.after - 1n }, fromAgent!] },
    elsewhere: { tokenBalances: [{ ...toCreator!, account: keyOf('other') }, fromAgent!] },
    owner: { tokenBalances: [{ ...toCreator!, ownerAfter: keyOf('other') }, fromAgent!] },
    mint: { tokenBalances: [{ ...toCreator!, mint: keyOf('other') }, fromAgent!] },
    agent: { tokenBalances: [toCreator!, { ...fromAgent!, after: fromAgent!.after - 1n }] },
    memo: { instructions: [memo('p2')] },
    silent: { instructions: [] },
    signer: { signers: [keyOf('other')] },
  };
  for (const [name, change] of Object.entries(changes)) {
    const found = checkReceipts(
      [receipt],
      shown(() => change),
    );
    expect(
      found.filter((each) => each.verdict !== 'ok').map((each) => [each.what, each.verdict]),
      name,
    ).toEqual([['payment', 'differs']]);
  }
});

test('a payment that was found under the id of another one is named by the memo without its signature', () => {
  const { receipt, evidence } = made('per_close', 70_001n);
  const [payment] = receipt.payments as [Receipt['payments'][number]];
  const found = (id: string) => ({ ...receipt, payments: withFirst(receipt.payments, { id }) });
  const beside = found(`${payment.id}.${payment.signature}`);
  expect(receiptsIn(receiptText(beside))).toEqual([beside]);
  expect(faultsOf(beside, evidence).checks).toEqual([]);
  const other = receipt.credits[0]?.signature;
  for (const id of [`${payment.id}.${other}`, `p2.${payment.signature}`, `.${payment.signature}`])
    expect(faultsOf(found(id), evidence).checks, id).toEqual(['payment differs']);
});
