// Nonce: payments under a durable nonce, made by the whole daemon on the local chain: the account
// is created and closed, variants exclude each other, and a cancelled payment never lands.
import {
  AuthorityType,
  createSetAuthorityInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Connection, Keypair, VersionedTransaction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { nonceAddress } from '../../src/chain/nonce.ts';
import { type Address, base58Text } from '../../src/core/ids.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import type { Settings } from '../../src/system/settings.ts';
import { runCommand } from '../support/command.ts';
import { askToVoid } from '../support/damage.ts';
import { dropPayments } from '../support/dropped-payments.ts';
import { LONG } from '../support/long.ts';
import { paymentsIn, variantsIn } from '../support/rows.ts';
import { shareStreets } from '../support/shared-street.ts';
import { profitableClose, type Street } from '../support/street.ts';

const SOL = 1_000_000_000;

const sponsor = Keypair.generate();
/** What the daemon pays under when it is started the next time. */
const guard = { replayGuard: 'nonce' as Settings['payments']['replayGuard'] };
const shared = shareStreets(() => ({
  sponsor,
  settings: (given) => ({
    ...given,
    payments: {
      ...given.payments,
      get replayGuard() {
        return guard.replayGuard;
      },
    },
  }),
}));

/** A subscriber of one test, on the street of all of them. */
async function join(id: string) {
  const street = await shared();
  street.sendSol(sponsor.publicKey, BigInt(SOL));
  const creator = Keypair.generate().publicKey;
  const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe(id, trader, creator);
  const account = nonceAddress(sponsor.publicKey.toBase58() as Address, id);
  const payments = async () =>
    (await paymentsIn(street.database)).filter(({ subscriberId }) => subscriberId === id);
  return {
    street,
    creator,
    trader,
    account,
    payments,
    held: () => street.world.cluster.account(account, 'finalized')?.lamports ?? 0n,
    variants: async () => {
      const own = new Set((await payments()).map(({ paymentId }) => paymentId));
      return (await variantsIn(street.database)).filter(({ paymentId }) => own.has(paymentId));
    },
    paidAll: (count: number) =>
      expect
        .poll(async () => (await street.shares(id)).filter((each) => each.status === 'paid').length)
        .toBe(count),
    exactly: async (): Promise<void> => {
      const owed = (await street.shares(id)).reduce((sum, each) => sum + BigInt(each.amount), 0n);
      expect(street.people.quoteOf(creator)).toBe(owed);
    },
  };
}

/** Sends bytes past the daemon, as a node that kept them might. The chain may refuse them. */
async function arrive(street: Street, sent: readonly { readonly bytes: Buffer }[]): Promise<void> {
  const node = new Connection(street.world.chain.rpcUrl);
  for (const { bytes } of sent)
    await node.sendRawTransaction(bytes, { skipPreflight: true, maxRetries: 0 }).catch(() => {});
}

test('each payment stands on the value that the one before it left', async () => {
  const { street, trader, account, payments, held, paidAll, exactly } = await join('ana');
  profitableClose(street.people, trader);
  await paidAll(1);
  profitableClose(street.people, trader);
  await paidAll(2);
  await exactly();
  const rows = await payments();
  expect(rows.map((row) => row.state)).toEqual(['landed', 'landed']);
  const values = rows.map((row) => row.nonceValue);
  expect(values).not.toContain(null);
  expect(new Set(values).size).toBe(2);
  expect(held()).toBeGreaterThan(0n);
  const env = { BAILIFF_SPONSOR_KEY: base58Text(sponsor.secretKey) };
  const listed = await runCommand(street, ['--json', 'nonces', 'list'], { env });
  expect(JSON.parse(listed.out)).toMatchObject({
    nonces: [{ subscriberId: 'ana', account, state: 'open' }],
    rent: String(held()),
  });
  const doctor = await runCommand(street, ['doctor'], { env });
  expect(doctor.out).toMatch(/nonces +accounts of \w+: 1 with 0\.0014.*replayGuard is blockhash/);
});

test.runIf(LONG)(
  'a halt or a person cancels what is on its way, and rent returns when a subscriber leaves',
  async () => {
    const { street, trader, payments, held, variants, paidAll, exactly } = await join('bo');
    profitableClose(street.people, trader);
    await paidAll(1);
    const halting = dropPayments(street.world);
    profitableClose(street.people, trader);
    const states = async () => (await payments()).map((each) => each.state);
    await expect.poll(states).toEqual(['landed', 'sent']);
    const old = (await variants()).slice(1);
    const { halts } = createLedger(street.database.sql);
    await halts.set('all', 'drill');
    await expect.poll(states).toContain('dead');
    halting.stop();
    // Bytes that some node has kept are of no use any more.
    await arrive(street, old);
    await halts.lift('all');
    await paidAll(2);
    await exactly();

    /** A close whose payment is sent and lost. Returns the ids of its share and its payment. */
    const underWay = async () => {
      const drops = dropPayments(street.world);
      profitableClose(street.people, trader);
      await expect.poll(async () => (await states()).at(-1)).toBe('sent');
      const payment = (await payments()).at(-1)?.paymentId ?? '';
      const share = (await street.shares('bo')).find((each) => each.status === 'processing');
      return { share: share?.id ?? '', payment, drops };
    };
    const why = { reason: 'a drill' };
    const last = async () => (await states()).at(-1);

    // A person cancels a payment: its debt waits until the person retries it.
    const first = await underWay();
    const asked = await street.post(`/v1/payments/${first.payment}/cancel`, why);
    expect(asked).toMatchObject({ status: 200, body: { guard: 'nonce', cancelAsked: true } });
    await expect.poll(last).toBe('dead');
    first.drops.stop();
    const parked = await street.share('bo', (each) => each.id === first.share && !!each.reason);
    expect(parked).toMatchObject({ status: 'failed', reason: { code: 'payment_cancelled' } });
    const again = await street.post(`/v1/payments/${first.payment}/cancel`, why);
    expect(again).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/it is dead/) },
    });
    expect((await street.post(`/v1/shares/${first.share}/retry`, {})).status).toBe(200);
    await paidAll(3);
    await exactly();

    // A person voids a debt of which a payment is on its way: that payment is cancelled first.
    const second = await underWay();
    const voiding = await street.post(`/v1/shares/${second.share}/void`, why);
    expect(voiding).toEqual({ status: 202, body: { payment: second.payment } });
    await street.share('bo', (each) => each.id === second.share && each.status === 'voided');
    second.drops.stop();
    expect(await last()).toBe('dead');

    // A daemon was killed between the end of a payment and the void: another one voids the debt.
    const third = await underWay();
    expect((await street.post(`/v1/payments/${third.payment}/cancel`, why)).status).toBe(200);
    await expect.poll(last).toBe('dead');
    third.drops.stop();
    await street.share('bo', (each) => each.id === third.share && each.status === 'failed');
    await askToVoid(street.database, third.payment, third.share);
    await street.share('bo', (each) => each.id === third.share && each.status === 'voided');

    // The subscriber leaves: the rent is the sponsor's again.
    expect(held()).toBeGreaterThan(0n);
    const leave = async () =>
      (await fetch(`${street.app().url}/v1/subscribers/bo`, { method: 'DELETE' })).status;
    await expect.poll(leave).toBe(204);
    await expect.poll(held).toBe(0n);
    const { nonces } = createLedger(street.database.sql);
    const listed = async () => (await nonces.list({ limit: 9 })).map((each) => each.subscriberId);
    await expect.poll(listed).not.toContain('bo');
  },
);

test('a payment that its route would fail is signed by another one under the same value, and pays once', async () => {
  const { street, trader, payments, variants, paidAll, exactly } = await join('dee');
  profitableClose(street.people, trader);
  await paidAll(1);
  street.world.mischief.swallowSends = 1_000_000;
  profitableClose(street.people, trader);
  await expect.poll(async () => (await payments()).at(-1)?.state).toBe('sent');
  const { agent } = trader;
  const own = getAssociatedTokenAddressSync(USDC, agent.publicKey);
  const { publicKey: stranger } = Keypair.generate();
  const given = [own, agent.publicKey, AuthorityType.AccountOwner, stranger] as const;
  street.people.send([createSetAuthorityInstruction(...given)], [street.people.faucet, agent]);
  await expect.poll(async () => (await variants()).at(-1)?.createAgentAccount).toBe(true);
  const signed = (await variants()).slice(1);
  expect(signed[0]?.createAgentAccount).toBeNull();
  const planned = (await payments()).at(-1);
  expect(planned).toMatchObject({ state: 'sent', createAgentAccount: false });
  const values = signed.map(
    ({ bytes }) => VersionedTransaction.deserialize(bytes).message.recentBlockhash,
  );
  expect(new Set(values)).toEqual(new Set([planned?.nonceValue]));
  street.world.mischief.swallowSends = 0;
  await paidAll(2);
  await exactly();
  // The record says by which route it was paid. The variants by the other one come too late.
  const landed = (await payments()).at(-1);
  expect(landed).toMatchObject({ state: 'landed', createAgentAccount: true });
  expect(landed?.paymentId).toBe(planned?.paymentId);
  await arrive(street, signed);
  await exactly();
});

test('a payment that does not land is signed at higher prices, and is executed once; under a blockhash its account is closed', async () => {
  const { street, trader, payments, held, variants, paidAll, exactly } = await join('cy');
  profitableClose(street.people, trader);
  await paidAll(1);
  street.world.mischief.swallowSends = 1_000_000;
  profitableClose(street.people, trader);
  await expect.poll(async () => (await variants()).length).toBeGreaterThan(3);
  // The first variant has the price of the first payment.
  const signed = (await variants()).slice(1);
  const prices = signed.map((each) => each.microLamports);
  expect(prices).toEqual(prices.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(new Set(prices).size).toBe(prices.length);
  // All of them arrive at once, the dearest last.
  street.world.mischief.swallowSends = 0;
  await arrive(street, signed);
  await paidAll(2);
  await exactly();
  const last = (await payments()).at(-1);
  expect(street.world.cluster.find(last?.signature ?? '')?.execution.error).toBeNull();

  // Back under a blockhash: the account is closed first, and its rent is the sponsor's again.
  guard.replayGuard = 'blockhash';
  await street.restart();
  profitableClose(street.people, trader);
  await paidAll(3);
  await exactly();
  expect(held()).toBe(0n);
  expect((await payments()).at(-1)?.nonceValue).toBeNull();
});
