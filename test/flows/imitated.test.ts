// Imitated: a debtor writes the memo of a payment beside a transfer to a wallet of its own, which a
// second subscription names as its creator. Neither the memo nor a payment that the daemon finds by
// it keeps the transfer from being what left the subscriber.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair, PublicKey, TransactionInstruction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import type { Fact, Outflow } from '../../src/core/fact.ts';
import { MEMO_PROGRAM } from '../../src/core/programs.ts';
import { judge } from '../../src/core/standing.ts';
import { USDC } from '../../src/core/token.ts';
import { USDC as MINT } from '../../src/local/drift/addresses.ts';
import { transferOf } from '../support/credit.ts';
import { owing, WHY } from '../support/excess-play.ts';
import {
  addressOf,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { LONG } from '../support/long.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, openSubAccount, profitableClose, type Street } from '../support/street.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const memo = (text: string) =>
  new TransactionInstruction({
    programId: new PublicKey(MEMO_PROGRAM),
    keys: [],
    data: Buffer.from(text),
  });

/** A subscriber who owes a creator, cannot pay, and names a wallet of its own beside it. */
async function debtor(street: Street) {
  const { driver } = street;
  const { faucet } = driver;
  const [creator, puppet] = [Keypair.generate().publicKey, Keypair.generate().publicKey];
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  openSubAccount(driver, ana, 1);
  await street.subscribe('ana', ana, creator);
  const agentWallet = ana.agent.publicKey.toBase58();
  const more = await street.post('/v1/subscribers', { id: 'ana', agentWallet, subAccountIds: [1] });
  expect(more.status).toBe(201);
  const terms = { creatorWallet: puppet.toBase58(), shareBps: 1 };
  const second = { id: 'ana-own', subAccountId: 1, ...terms };
  const subscribed = await street.post('/v1/subscribers/ana/subscriptions', second);
  expect(subscribed.status).toBe(201);
  profitableClose(driver, ana);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  const accountOf = (owner: PublicKey) => getAssociatedTokenAddressSync(MINT, owner);
  const [own, to] = [accountOf(ana.agent.publicKey), accountOf(puppet)];
  const open = createAssociatedTokenAccountIdempotentInstruction(
    ...([faucet.publicKey, to, puppet, MINT] as const),
  );
  /** USDC from the agent's token account to that of the puppet. */
  const give = (amount: bigint) =>
    createTransferCheckedInstruction(own, MINT, to, ana.agent.publicKey, amount, 6);
  return { ana, agent: ana.agent, own, to, open, give };
}

test.each(LONG ? ['bailiff:x', null] : ['bailiff:x'])(
  'a withdrawal from the venue to it is a runaway, with the memo %s',
  async (text) => {
    await using street = await openStreet();
    const { driver } = street;
    const { ana, agent, to, open } = await debtor(street);
    const withdrawal = driver.instructions.withdraw(ana, to, 990_000_000n, true);
    driver.send([open, withdrawal, ...(text === null ? [] : [memo(text)])], [driver.faucet, agent]);
    expect(await street.standing('ana', 'delinquent')).toMatchObject({
      reason: expect.stringMatching(/^Withdrew 990\.\d+ USDC/),
    });
  },
);

test('a transfer that the daemon books as a payment with an excess is a runaway, before and after', async () => {
  await using street = await openStreet();
  const { driver, database } = street;
  const { ana, agent, own, open, give } = await debtor(street);
  const withdrawal = driver.instructions.withdraw(ana, own, 990_000_000n, true);
  driver.send([open, withdrawal, give(990_000_000n), memo('bailiff:x')], [driver.faucet, agent]);
  await street.standing('ana', 'delinquent');
  // A daemon that starts compares the ledger with the chain, and books the payment.
  await street.restart();
  await expect
    .poll(async () => (await paymentsIn(database)).map((each) => each.excess))
    .toEqual([990_000_000n]);
  await street.standing('ana', 'delinquent');
});

const OTHER = addressOf(901);
const AMOUNT = 500_000_000n;
const [SIGNATURE, SLOT] = [signatureOf(100), 60];
const paidOther = (maybeLost: boolean) => ({
  id: 'p1',
  signature: SIGNATURE,
  slot: SLOT,
  creatorWallet: OTHER,
  token: USDC,
  amount: AMOUNT,
  maybeLost,
});
type Left = Partial<Outflow> & { readonly amount: bigint };

/** Records what left `ana` in the transaction of the payment, and judges her. */
async function heardOf({ ledger }: TestLedger, ...left: Left[]): Promise<string> {
  const facts = left.map(({ amount, ...more }, ordinal) => {
    const body = { owner: OTHER, paymentId: 'p1', ...more };
    const fact = transferOf(100, SLOT, amount, body);
    return { ...fact, position: { ...fact.position, ordinal } };
  });
  await recordFact(ledger, facts[0] as Fact, 'confirmed');
  const read = { signature: SIGNATURE, slot: SLOT, finality: 'confirmed', facts } as const;
  await ledger.sightings.record({ ...read, dueMs: 0, nowMs: 0 });
  return (await ledger.standings.update('ana', judge)).standing;
}

/**
 * A ledger in which `ana` owes 60 base units to one creator, and nothing to a second one, who got
 * 500 USDC by a payment that was found on chain.
 */
async function foundToAnother(maybeLost: boolean) {
  const held = await createTestLedger();
  const { ledger, driftAccount } = held;
  await owing(held, 60n);
  await ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount,
    held: NOTHING_HELD,
    terms: termsOf(55, OTHER, 1_000),
  });
  expect(await ledger.payments.restore('ana', paidOther(maybeLost), [])).toBe(true);
  return held;
}

test('the excess of a payment that the ledger may have lost is no runaway, any other is until a person accepts it', async () => {
  await using lost = await foundToAnother(true);
  expect(await heardOf(lost, { amount: AMOUNT })).toBe('good');
  await using held = await foundToAnother(false);
  expect(await heardOf(held, { amount: AMOUNT })).toBe('delinquent');
  await held.ledger.payments.accept(SIGNATURE, WHY);
  expect(await heardOf(held, { amount: AMOUNT })).toBe('good');
  // The person accepted the amount of the payment, and no more.
  expect(await heardOf(held, { amount: AMOUNT }, { amount: 1n })).toBe('delinquent');
});

test('SOL that its recipient got is explained where the ledger may have lost it, and else up to small amounts', async () => {
  const sol = { route: 'sol_transfer', mint: null, decimals: 9, usd: null } as const;
  await using lost = await foundToAnother(true);
  await using held = await foundToAnother(false);
  await held.ledger.payments.accept(SIGNATURE, WHY);
  const got = (of: TestLedger, amount: bigint) =>
    heardOf(of, { amount: AMOUNT }, { ...sol, amount });
  expect(await got(lost, 900_000_000n)).toBe('good');
  expect(await got(held, 10_000_000n)).toBe('good');
  expect(await got(held, 10_000_001n)).toBe('delinquent');
});

test('a payment of another subscriber in the same transaction excuses nothing', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  await owing(held, 60n);
  const [agentWallet, agentTokenAccount, driftAccount] = [
    addressOf(11),
    addressOf(12),
    addressOf(13),
  ];
  const account = { driftAccounts: [{ address: driftAccount, subAccountId: 0 }], fromSlot: 1 };
  const bob = { id: 'bob', agentWallet, agentTokenAccount, sealedKey: null, ...account };
  await ledger.subscribers.register(bob);
  await ledger.subscriptions.put({
    id: 'bob-sub',
    subscriberId: 'bob',
    driftAccount,
    held: NOTHING_HELD,
    terms: termsOf(1, OTHER, 1_000),
  });
  expect(await ledger.payments.restore('bob', paidOther(false), [])).toBe(true);
  expect(await heardOf(held, { amount: AMOUNT })).toBe('delinquent');
});
