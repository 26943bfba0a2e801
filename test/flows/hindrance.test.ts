// Hindrance: an agent that pays its own fees drains its wallet after its payment was sent, or makes
// it an account that pays no fees. The time counts as that of a debt that waits for SOL, the gate
// comes to deny, and once there is SOL again the debt is paid exactly once.
import {
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { expect, test } from 'vitest';
import type { Settings } from '../../src/system/settings.ts';
import { oweForDays } from '../support/haste.ts';
import { LONG } from '../support/long.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

const SOL = 1_000_000_000n;
type Guard = Settings['payments']['replayGuard'];

/**
 * Spends all SOL of a wallet, less than 0.005, on the fee of one transaction. Such a fee is no
 * outflow, so that the wallet's owner does not become delinquent.
 */
function drain({ world: { cluster } }: Street, wallet: Keypair): void {
  const lamports = BigInt(cluster.account(wallet.publicKey.toBase58(), 'processed')?.lamports ?? 0);
  const message = new TransactionMessage({
    payerKey: wallet.publicKey,
    recentBlockhash: cluster.blockhash('processed').hash,
    // A million units at this price in micro-lamports each, beside the fee of the signature.
    instructions: [
      ComputeBudgetProgram.setComputeUnitLimit({ units: 1_000_000 }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: lamports - 5_000n }),
    ],
  });
  const transaction = new VersionedTransaction(message.compileToV0Message());
  transaction.sign([wallet]);
  expect(cluster.submit(transaction, transaction.serialize())).toBeTypeOf('object');
  expect(cluster.account(wallet.publicKey.toBase58(), 'processed')).toBeNull();
}

/** A subscriber whose second payment the leaders drop; its agent pays the fees of payments. */
async function openDropped(replayGuard: Guard, slotMs: number) {
  const sponsor = Keypair.generate();
  const street = await openStreet({
    sponsor,
    slotMs,
    settings: (given) => ({ ...given, payments: { ...given.payments, replayGuard } }),
  });
  street.sendSol(sponsor.publicKey, SOL);
  const creator = Keypair.generate().publicKey;
  const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 6_500_000n });
  await street.subscribe('ana', trader, creator);
  profitableClose(street.people, trader);
  await street.share('ana', ({ status }) => status === 'paid');
  street.world.mischief.drops = () => true;
  profitableClose(street.people, trader);
  const payments = () => paymentsIn(street.database);
  await expect.poll(async () => (await payments()).at(-1)?.state).toBe('sent');
  const { id } = (await street.shares('ana'))[0] ?? { id: '' };
  return {
    street,
    trader,
    sponsor,
    payments,
    /** Waits for a state of the second debt. */
    debt: (ready: Parameters<Street['share']>[1]) =>
      street.share('ana', (each) => each.id === id && ready(each)),
    owedForMs: async () =>
      ((await street.gate('ana')) as unknown as { owedForMs: number | null }).owedForMs,
    /** The creator has exactly what all shares sum up to. */
    async exactly() {
      const owed = (await street.shares('ana')).reduce(
        (sum, each) => sum + BigInt(each.amount),
        0n,
      );
      expect(street.people.quoteOf(creator)).toBe(owed);
    },
  };
}

test('under a nonce, an agent that drains its wallet holds its debt for as long as a debtor may owe, and no longer', async () => {
  const { street, trader, sponsor, payments, debt, owedForMs, exactly } = await openDropped(
    'nonce',
    20,
  );
  await using _ = street;
  expect(await owedForMs()).toBeNull();
  // The sponsor cannot pay either: neither the fee of a payment nor that of a cancellation.
  drain(street, sponsor);
  drain(street, trader.agent);
  const held = await debt(({ reason }) => reason !== null);
  expect(held).toMatchObject({ status: 'processing', reason: { class: 'needs_sol' } });
  const [, second] = await payments();
  expect(second?.trouble).toMatchObject({ class: 'needs_sol' });
  await expect.poll(owedForMs).not.toBeNull();
  await street.verdict('ana', 'allow');
  await oweForDays(street.database, 8);
  expect((await street.verdict('ana', 'deny')).reason).toContain('longer than');
  expect((await payments()).map(({ state }) => state)).toEqual(['landed', 'sent']);

  street.world.mischief.drops = null;
  street.sendSol(trader.agent.publicKey, 50_000_000n);
  await debt(({ status, reason }) => status === 'paid' && reason === null);
  await street.verdict('ana', 'allow');
  expect(await owedForMs()).toBeNull();
  const ended = await payments();
  expect(ended.map(({ state, trouble }) => [state, trouble])).toEqual([
    ['landed', null],
    ['landed', null],
  ]);
  await exactly();
});

test.runIf(LONG)(
  'under a blockhash the time counts before the payment has expired; a note passes with its cause',
  async () => {
    const { street, trader, payments, debt, owedForMs, exactly } = await openDropped(
      'blockhash',
      200,
    );
    await using _ = street;
    drain(street, trader.agent);
    await debt(({ reason }) => reason?.class === 'needs_sol');
    await expect.poll(owedForMs).not.toBeNull();
    // The wallet has SOL again, and the leaders still drop the payment: that is not its fault.
    street.sendSol(trader.agent.publicKey, 50_000_000n);
    await debt(({ reason }) => reason === null);
    await expect.poll(owedForMs).toBeNull();
    expect((await payments()).map(({ state }) => state)).toEqual(['landed', 'sent']);
    street.world.mischief.drops = null;
    await debt(({ status }) => status === 'paid');
    await exactly();
  },
);

/** Acts by which the holder of a wallet's key makes it an account from which no fee is taken. */
const UNPAYING = {
  assigned: (accountPubkey: PublicKey) =>
    SystemProgram.assign({
      accountPubkey,
      programId: new PublicKey('BPFLoaderUpgradeab1e11111111111111111111111'),
    }),
  allocated: (accountPubkey: PublicKey) => SystemProgram.allocate({ accountPubkey, space: 1 }),
};

test.runIf(LONG)(
  'under a nonce, an agent whose wallet was assigned to a program pays no fee, and its time counts',
  async () => {
    const { street, trader, payments, debt, owedForMs } = await openDropped('nonce', 20);
    await using _ = street;
    const { agent } = trader;
    street.driver.send([UNPAYING.assigned(agent.publicKey)], [street.driver.faucet, agent]);
    const held = await debt(({ reason }) => reason !== null);
    expect(held).toMatchObject({
      status: 'processing',
      reason: { class: 'needs_sol', code: 'InvalidAccountForFee' },
    });
    // The chain takes payments again, and refuses this one.
    street.world.mischief.drops = null;
    await expect.poll(owedForMs).not.toBeNull();
    await oweForDays(street.database, 8);
    expect((await street.verdict('ana', 'deny')).reason).toContain('longer than');
    expect((await payments()).map(({ state }) => state)).toEqual(['landed', 'sent']);
  },
);

test.each(Object.entries(UNPAYING))(
  'the sponsor pays the fees of an agent whose wallet was %s',
  async (_name, act) => {
    const sponsor = Keypair.generate();
    await using street = await openStreet({ sponsor });
    street.sendSol(sponsor.publicKey, SOL);
    const ana = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 6_500_000n });
    const creator = Keypair.generate().publicKey;
    await street.subscribe('ana', ana, creator);
    street.driver.send([act(ana.agent.publicKey)], [street.driver.faucet, ana.agent]);
    profitableClose(street.people, ana);
    const { amount } = await street.share('ana', ({ status }) => status === 'paid');
    expect(street.people.quoteOf(creator)).toBe(BigInt(amount));
    expect((await paymentsIn(street.database)).map(({ state }) => state)).toEqual(['landed']);
  },
);
