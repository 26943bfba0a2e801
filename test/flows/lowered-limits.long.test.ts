// Lowered limits: a payment is planned, RPC does not answer, and the operator starts the daemon
// anew with a lower limit. The debts within the new limit are paid.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test.each(['reimburseMost', 'mostPerPayment'] as const)(
  'debts within the limits are paid after %s was lowered below a planned payment',
  async (limit) => {
    const sponsor = Keypair.generate();
    const now = { reimburseMost: '5000000', mostPerPayment: '1000000000' };
    const count = limit === 'mostPerPayment' ? 2 : 1;
    await using street = await openStreet({
      sponsor,
      settings: (given) => ({
        ...given,
        payments: {
          ...given.payments,
          reimbursePerSol: '200000000',
          get reimburseMost() {
            return now.reimburseMost;
          },
          get mostPerPayment() {
            return now.mostPerPayment;
          },
        },
      }),
    });
    street.sendSol(sponsor.publicKey, 1_000_000_000n);
    street.driver.giveUsdc(sponsor.publicKey, 1n);
    const creator = Keypair.generate().publicKey;
    street.driver.giveUsdc(creator, 1n);
    const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
    const terms = { minimumPayment: count === 2 ? '5000000' : '0' };
    await street.subscribe('ana', trader, creator, 1_000, terms);
    street.world.mischief.failing.set('simulateTransaction', 1_000_000);
    profitableClose(street.people, trader);
    if (count === 2) {
      await street.share('ana', ({ reason }) => reason?.code === 'below_minimum');
      profitableClose(street.people, trader);
    }
    const states = async () => (await paymentsIn(street.database)).map(({ state }) => state);
    await expect.poll(states).toEqual(['planned']);
    await street.stop();
    const [planned] = await paymentsIn(street.database);
    expect(planned?.reimburse).toBeGreaterThan(1n);
    Object.assign(now, count === 2 ? { mostPerPayment: '4000000' } : { reimburseMost: '1' });
    street.world.mischief.failing.clear();
    await street.restart();
    // Of two debts, one fits into a payment; the other is below the minimum alone, and waits.
    const shown = async () =>
      (await street.shares('ana')).map(({ status, reason }) => reason?.code ?? status).sort();
    await expect.poll(shown).toEqual(count === 2 ? ['below_minimum', 'paid'] : ['paid']);
    const [first, ...others] = await paymentsIn(street.database);
    expect(first).toMatchObject({ state: 'failed', trouble: { code: 'planned_anew' } });
    expect(others.map(({ state }) => state)).toEqual(['landed']);
  },
);
