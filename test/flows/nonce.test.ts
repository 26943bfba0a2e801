// Nonce: payments under a durable nonce, made by the whole daemon on the local chain: the account
// is created and closed, variants exclude each other, and a cancelled payment never lands.
import { Connection, Keypair, type PublicKey } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { nonceAddress } from '../../src/chain/nonce.ts';
import { type Address, base58Text } from '../../src/core/ids.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import type { Settings } from '../../src/system/settings.ts';
import { runCommand } from '../support/command.ts';
import { paymentsIn, variantsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street } from '../support/street.ts';

const SOL = 1_000_000_000;

async function begin() {
  const sponsor = Keypair.generate();
  const guard = { replayGuard: 'nonce' as Settings['payments']['replayGuard'] };
  const street = await openStreet({
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
  });
  street.sendSol(sponsor.publicKey, BigInt(SOL));
  const creator = Keypair.generate().publicKey;
  const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  const account = nonceAddress(sponsor.publicKey.toBase58() as Address, 'ana');
  return {
    ...{ sponsor, guard, street, creator, trader, account },
    held: () => street.world.cluster.account(account, 'finalized')?.lamports ?? 0n,
    [Symbol.asyncDispose]: () => street[Symbol.asyncDispose](),
  };
}

const paidAll = (street: Street, count: number) =>
  expect
    .poll(async () => (await street.shares('ana')).filter((each) => each.status === 'paid').length)
    .toBe(count);

/** Sends bytes past the daemon, as a node that kept them might. The chain may refuse them. */
async function arrive(street: Street, sent: readonly { readonly bytes: Buffer }[]): Promise<void> {
  const node = new Connection(street.world.chain.rpcUrl);
  for (const { bytes } of sent)
    await node.sendRawTransaction(bytes, { skipPreflight: true, maxRetries: 0 }).catch(() => {});
}

async function exactly(street: Street, creator: PublicKey): Promise<void> {
  const owed = (await street.shares('ana')).reduce((sum, each) => sum + BigInt(each.amount), 0n);
  expect(street.people.quoteOf(creator)).toBe(owed);
}

test('each payment stands on the value that the one before it left', async () => {
  await using begun = await begin();
  const { street, creator, trader } = begun;
  profitableClose(street.people, trader);
  await paidAll(street, 1);
  profitableClose(street.people, trader);
  await paidAll(street, 2);
  await exactly(street, creator);
  const rows = await paymentsIn(street.database);
  expect(rows.map((row) => row.state)).toEqual(['landed', 'landed']);
  const values = rows.map((row) => row.nonceValue);
  expect(values).not.toContain(null);
  expect(new Set(values).size).toBe(2);
  expect(begun.held()).toBeGreaterThan(0n);
  const sponsor = base58Text(begun.sponsor.secretKey);
  const env = { BAILIFF_SPONSOR_KEY: sponsor };
  const listed = await runCommand(street, ['--json', 'nonces', 'list'], { env });
  expect(JSON.parse(listed.out)).toMatchObject({
    nonces: [{ subscriberId: 'ana', account: begun.account, state: 'open' }],
    rent: String(begun.held()),
  });
  const doctor = await runCommand(street, ['doctor'], { env });
  expect(doctor.out).toMatch(/nonces +1 accounts of \w+ hold 0\.0014.*replayGuard is blockhash/);

  // Back under a blockhash: the account is closed first, and its rent is the sponsor's again.
  begun.guard.replayGuard = 'blockhash';
  await street.restart();
  profitableClose(street.people, trader);
  await paidAll(street, 3);
  await exactly(street, creator);
  expect(begun.held()).toBe(0n);
  expect((await paymentsIn(street.database)).at(-1)?.nonceValue).toBeNull();
});

test('a payment that does not land is signed at higher prices, and is executed once', async () => {
  await using begun = await begin();
  const { street, creator, trader } = begun;
  profitableClose(street.people, trader);
  await paidAll(street, 1);
  street.world.mischief.swallowSends = 1_000_000;
  profitableClose(street.people, trader);
  const variants = () => variantsIn(street.database);
  await expect.poll(async () => (await variants()).length).toBeGreaterThan(3);
  // The first variant has the price of the first payment.
  const signed = (await variants()).slice(1);
  const prices = signed.map((each) => each.microLamports);
  expect(prices).toEqual(prices.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(new Set(prices).size).toBe(prices.length);
  // All of them arrive at once, the dearest last.
  street.world.mischief.swallowSends = 0;
  await arrive(street, signed);
  await paidAll(street, 2);
  await exactly(street, creator);
  const last = (await paymentsIn(street.database)).at(-1);
  expect(street.world.cluster.find(last?.signature ?? '')?.execution.error).toBeNull();
});

test('a halt or a person cancels what is on its way, and rent returns when a subscriber leaves', async () => {
  await using begun = await begin();
  const { street, creator, trader } = begun;
  profitableClose(street.people, trader);
  await paidAll(street, 1);
  street.world.mischief.swallowSends = 1_000_000;
  profitableClose(street.people, trader);
  const states = async () => (await paymentsIn(street.database)).map((each) => each.state);
  await expect.poll(states).toEqual(['landed', 'sent']);
  const old = (await variantsIn(street.database)).slice(1);
  const { halts } = createLedger(street.database.sql);
  await halts.set('all', 'drill');
  street.world.mischief.swallowSends = 0;
  await expect.poll(states).toContain('dead');
  // Bytes that some node has kept are of no use any more.
  await arrive(street, old);
  await halts.lift('all');
  await paidAll(street, 2);
  await exactly(street, creator);

  /** A close whose payment is sent and does not arrive. Returns the ids of both. */
  const underWay = async (): Promise<{ share: string; payment: string }> => {
    street.world.mischief.swallowSends = 1_000_000;
    profitableClose(street.people, trader);
    await expect.poll(async () => (await states()).at(-1)).toBe('sent');
    const payment = (await paymentsIn(street.database)).at(-1)?.paymentId ?? '';
    const share = (await street.shares('ana')).find((each) => each.status === 'processing');
    return { share: share?.id ?? '', payment };
  };
  const why = { reason: 'a drill' };
  const last = async () => (await states()).at(-1);

  // A person cancels a payment: its debt waits until the person retries it.
  const first = await underWay();
  const asked = await street.post(`/v1/payments/${first.payment}/cancel`, why);
  expect(asked).toMatchObject({ status: 200, body: { guard: 'nonce', cancelAsked: true } });
  street.world.mischief.swallowSends = 0;
  await expect.poll(last).toBe('dead');
  const parked = await street.share('ana', (each) => each.id === first.share && !!each.reason);
  expect(parked).toMatchObject({ status: 'failed', reason: { code: 'payment_cancelled' } });
  const again = await street.post(`/v1/payments/${first.payment}/cancel`, why);
  expect(again).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/it is dead/) },
  });
  expect((await street.post(`/v1/shares/${first.share}/retry`, {})).status).toBe(200);
  await paidAll(street, 3);
  await exactly(street, creator);

  // A person voids a debt of which a payment is on its way: that payment is cancelled first.
  const second = await underWay();
  const voiding = await street.post(`/v1/shares/${second.share}/void`, why);
  expect(voiding).toEqual({ status: 202, body: { payment: second.payment } });
  street.world.mischief.swallowSends = 0;
  await street.share('ana', (each) => each.id === second.share && each.status === 'voided');
  expect(await last()).toBe('dead');

  // The subscriber leaves: the rent is the sponsor's again.
  expect(begun.held()).toBeGreaterThan(0n);
  const leave = async () =>
    (await fetch(`${street.app().url}/v1/subscribers/ana`, { method: 'DELETE' })).status;
  await expect.poll(leave).toBe(204);
  await expect.poll(begun.held).toBe(0n);
  const { nonces } = createLedger(street.database.sql);
  await expect.poll(() => nonces.list({ limit: 9 })).toEqual([]);
});
