// Receipt paid: each check of what was paid by itself. One thing in a true receipt, or in what the
// node shows, is made untrue, and exactly the checks that are about it say so.
import { describe, expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import type { Receipt } from '../../src/core/receipt.ts';
import type { ReceiptEvidence } from '../../src/core/receipt-check.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { faultsOf, keyOf, made, withFirst } from '../support/made-receipt.ts';

const { receipt: TRUE, evidence: SHOWN } = made('high_water_mark', 70_001n, 7n, {}, [500]);
const OTHER = keyOf('other');
const [PAYMENT] = TRUE.payments as [Receipt['payments'][number]];
const [CREDIT] = TRUE.credits as [Receipt['credits'][number]];

const found = (receipt: Receipt, evidence: ReceiptEvidence = SHOWN) => faultsOf(receipt, evidence);

describe('a payment', () => {
  const paid = (change: Partial<typeof PAYMENT>, evidence?: ReceiptEvidence) =>
    found({ ...TRUE, payments: withFirst(TRUE.payments, change) }, evidence);
  /** The node's own word of the payment's transaction, changed. */
  const shown = (change: (of: ChainTransaction) => Partial<ChainTransaction>): ReceiptEvidence => ({
    ...SHOWN,
    transaction(signature) {
      const given = SHOWN.transaction(signature);
      return given && signature === PAYMENT.signature ? { ...given, ...change(given) } : given;
    },
  });
  const rows = (change: (row: ChainTransaction['tokenBalances'][number], at: number) => object) =>
    shown(({ tokenBalances }) => ({
      tokenBalances: tokenBalances.map((row, at) => ({ ...row, ...change(row, at) })),
    }));
  const ours = `${PAYMENT.signature}: `;

  test('has the memo, the amounts and the signer that the chain shows', () => {
    expect(paid({ id: 'p2' }).says).toBe(`${ours}its memo names p1.`);
    expect(
      found(
        TRUE,
        shown(() => ({ instructions: [] })),
      ).says,
    ).toBe(`${ours}its memo names no payment.`);
    const rose = `${ours}the creator's token account rose by ${PAYMENT.amount - 1n}.`;
    const less = rows((row, at) => (at === 0 ? { after: row.after - 1n } : {}));
    expect(found(TRUE, less)).toEqual({ checks: ['payment differs'], says: rose });
    expect(paid({ withdrawn: 21n }).says).toMatch(/the agent's tokens fell by \d+, with 21 withdr/);
    expect(paid({ others: 1n }).checks).toEqual(['payment differs']);
    expect(paid({ others: 1n, withdrawn: 21n }).checks).toEqual([]);
    expect(
      found(
        TRUE,
        shown(() => ({ signers: [OTHER] })),
      ).says,
    ).toBe(`${ours}the agent did not sign it.`);
  });
  test('rose in the account of the creator, of its mint, that is the creator’s after it', () => {
    const given = (ownerAfter: Address | null) =>
      found(
        TRUE,
        rows((_, at) => (at === 0 ? { ownerAfter } : {})),
      ).says;
    expect(given(OTHER)).toBe(`${ours}the creator's token account rose by nothing.`);
    expect(given(null)).toBe('');
    // A second row of the account that names no owner does not hide the first one's.
    const second = shown(({ tokenBalances: [creator, agent] }) => ({
      tokenBalances: [
        { ...creator!, ownerAfter: OTHER },
        agent!,
        { ...creator!, ownerAfter: null, before: 0n, after: 0n },
      ],
    }));
    expect(found(TRUE, second).says).toContain('rose by nothing');
    // Rows of another mint count neither for the creator nor for the agent.
    const more = shown(({ tokenBalances }) => ({
      tokenBalances: [
        ...tokenBalances,
        ...tokenBalances.map((row) => ({ ...row, mint: OTHER, ownerAfter: row.owner })),
      ],
    }));
    expect(found(TRUE, more).checks).toEqual([]);
  });
  test('that was restored from the chain has no withdrawal, and may be allotted in part', () => {
    const [own] = PAYMENT.covers;
    expect(paid({ withdrawn: null }).checks).toEqual([]);
    expect(paid({ reimbursed: null }).checks).toEqual([]);
    expect(paid({ withdrawn: null, covers: [own!] }).checks).toEqual([]);
    expect(paid({ covers: [own!] }).says).toBe(`${ours}it is allotted ${own?.amount} in all.`);
    const twice = [own!, { share: 'ps_other', amount: 6n }];
    expect(paid({ withdrawn: null, covers: twice }).checks).toEqual(['payment differs']);
  });
  test('is allotted once to each share, to more than nothing, and to this share', () => {
    const [own, rest] = PAYMENT.covers;
    const half = { share: 'ps_other', amount: rest!.amount - 1n };
    const one = { share: 'ps_other', amount: 1n };
    const fault = `${ours}it is allotted twice to one share, or nothing.`;
    expect(paid({ covers: [own!, half, one] }).says).toBe(fault);
    expect(paid({ covers: [own!, rest!, { share: 'ps_3', amount: 0n }] }).says).toBe(fault);
    const none = paid({ covers: [{ share: 'ps_other', amount: PAYMENT.amount }] });
    expect(none.says).toContain(`it is not allotted to ${TRUE.share.id}`);
  });
});

describe('a transfer by others', () => {
  const given = (change: Partial<typeof CREDIT>) =>
    found({ ...TRUE, credits: withFirst(TRUE.credits, change) });
  test('left an account of the agent that the receipt names; of another one nothing is known', () => {
    expect(given({ account: OTHER })).toEqual({
      checks: ['transfer unknown'],
      says: `${CREDIT.signature}: it left ${OTHER}, another account of the agent.`,
    });
    for (const account of [TRUE.subscriber.agentWallet, TRUE.subscriber.tokenAccount])
      expect(given({ account }).checks).toEqual(['transfer differs']);
  });
  test('stands there with this amount, and went to the creator in the quote token', () => {
    expect(given({ amount: CREDIT.amount + 1n }).says).toMatch(/no transfer of \d+ from/);
    expect(given({ ordinal: 3 }).checks).toEqual(['transfer differs']);
    const facts =
      (change: object): ReceiptEvidence['facts'] =>
      (...all) =>
        SHOWN.facts(...all).map((each) => ({
          ...each,
          body: each.body.kind === 'outflow' ? { ...each.body, ...change } : each.body,
        }));
    for (const change of [{ owner: OTHER }, { mint: OTHER }, { kind: 'notice' }])
      expect(found(TRUE, { ...SHOWN, facts: facts(change) }).checks).toEqual(['transfer differs']);
  });
  test('counts for more than nothing, and for no more than it moved', () => {
    const counts = 'more of it is counted than it moved';
    expect(given({ credited: 0n }).says).toContain(counts);
    expect(given({ credited: CREDIT.amount + 1n }).says).toContain(counts);
    expect(given({ credited: CREDIT.amount }).says).not.toContain(counts);
  });
});

describe('what was paid', () => {
  const share = (change: Partial<Receipt['share']>) =>
    found({ ...TRUE, share: { ...TRUE.share, ...change } });
  const { amount } = TRUE.share;
  const twice = 'A payment or transfer is listed twice.';
  test('names each payment and transfer once', () => {
    const again = { ...PAYMENT, signature: CREDIT.signature as Signature };
    expect(found({ ...TRUE, payments: [PAYMENT, again] }).says).toContain(twice);
    expect(found({ ...TRUE, payments: [PAYMENT, { ...PAYMENT, id: 'p2' }] }).says).toContain(twice);
    expect(found({ ...TRUE, credits: [CREDIT, CREDIT] }).says).toContain(twice);
    for (const other of [
      { signature: PAYMENT.signature },
      { ordinal: 3 },
      { account: TRUE.subscriber.agentWallet },
    ]) {
      const two = { ...TRUE, credits: [CREDIT, { ...CREDIT, ...other }] };
      expect(found(two).says).not.toContain(twice);
    }
  });
  test('is the sum of both, and what was paid beyond the share', () => {
    expect(share({ paid: amount - 1n, status: 'pending' }).says).toMatch(/sum to \d+, and the/);
    expect(share({ overpaid: 1n }).checks).toEqual(['paid differs']);
    // One unit less counts as paid, and one as beyond; beyond is only what a whole share has.
    const beyond = share({ paid: amount - 1n, overpaid: 1n, status: 'pending' });
    expect(beyond.checks).toEqual(['paid differs']);
    const covers = [{ share: TRUE.share.id, amount: PAYMENT.covers[0]!.amount + 5n }];
    const over = { ...TRUE, payments: withFirst(TRUE.payments, { covers }) };
    expect(found({ ...over, share: { ...TRUE.share, overpaid: 5n } }).checks).toEqual([]);
    expect(found(over).checks).toEqual(['paid differs']);
  });
  test('decides the status', () => {
    expect(share({ status: 'pending' }).says).toContain('is paid; that is not pending.');
    const open = { ...TRUE, credits: [], share: { ...TRUE.share, paid: amount - CREDIT.credited } };
    expect(found(open).says).toContain('is paid; that is not paid.');
    const pending = { ...open, share: { ...open.share, status: 'pending' as const } };
    expect(found(pending).checks).toEqual([]);
  });
});
