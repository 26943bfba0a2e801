// Nonce closed: another holder of the sponsor's key closes the nonce account under which a payment
// is on its way, or gives it to another authority. The payment ends once the closing is final and
// none of its transactions was executed before it; then the debt is paid by another one, exactly
// once. An account that is given back lets the payment land.
import {
  Connection,
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
} from '@solana/web3.js';
import { expect, test, vi } from 'vitest';
import { createNonce, nonceAddress } from '../../src/chain/nonce.ts';
import { type Address, base58Text } from '../../src/core/ids.ts';
import { dropPayments } from '../support/dropped-payments.ts';
import { editedNode } from '../support/edited-node.ts';
import { LONG } from '../support/long.ts';
import { paymentsIn, variantsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';
import { statusless } from '../support/wrong-failure.ts';

/** A subscriber who has paid once under a nonce. `hidden`: what the daemon's node denies. */
async function openPaid(hasSecond: boolean, hidden: () => string | null = () => null) {
  const sponsor = Keypair.generate();
  const account = nonceAddress(sponsor.publicKey.toBase58() as Address, 'ana');
  let url = '';
  let denied = 0;
  const unknown = statusless(hidden);
  const node = await editedNode(
    () => url,
    (question, result) => {
      const { method, params } = question;
      const signature = hidden();
      if (signature === null) return result;
      // The node has neither the transaction nor its row in the history of the nonce account.
      if (method === 'getTransaction' && (params as [string])[0] === signature) {
        denied++;
        return null;
      }
      if (method === 'getSignaturesForAddress' && (params as [string])[0] === account)
        return (result as { signature: string }[]).filter((row) => row.signature !== signature);
      return unknown(question, result);
    },
  );
  const street = await openStreet({
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
  const { people, world } = street;
  street.sendSol(sponsor.publicKey, 1_000_000_000n);
  const creator = Keypair.generate().publicKey;
  const trader = people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  profitableClose(people, trader);
  await street.share('ana', ({ status }) => status === 'paid');
  const payments = () => paymentsIn(street.database);
  return {
    street,
    payments,
    sponsor,
    denied: () => denied,
    states: async () => (await payments()).map(({ state }) => state),
    owe: () => profitableClose(people, trader),
    /** The sponsor's key closes the account, past the daemon. */
    close() {
      const lamports = Number(world.cluster.account(account, 'processed')?.lamports);
      const { publicKey: authorizedPubkey } = sponsor;
      const noncePubkey = new PublicKey(account);
      const given = { noncePubkey, authorizedPubkey, toPubkey: authorizedPubkey, lamports };
      people.send([SystemProgram.nonceWithdraw(given)], [sponsor]);
    },
    /** The authority `from` gives the account to another one, past the daemon. */
    entrust(from: Keypair, to: PublicKey) {
      const given = { noncePubkey: new PublicKey(account), authorizedPubkey: from.publicKey };
      people.send([SystemProgram.nonceAuthorize({ ...given, newAuthorizedPubkey: to })], [from]);
    },
    /** The sponsor's key makes the account anew, past the daemon. */
    reopen() {
      const rent = 1_447_680n;
      const own = sponsor.publicKey.toBase58() as Address;
      const made = createNonce(own, own, 'ana', rent).map(
        ({ program, accounts, data }) =>
          new TransactionInstruction({
            programId: new PublicKey(program),
            keys: accounts.map(({ address, ...rest }) => ({
              pubkey: new PublicKey(address),
              ...rest,
            })),
            data: Buffer.from(data),
          }),
      );
      people.send(made, [sponsor]);
    },
    debt: (ready: (share: { status: string; reason: { code: string } | null }) => boolean) =>
      street.share('ana', (each) => ready(each)),
    paid: (count: number) =>
      expect
        .poll(
          async () => (await street.shares('ana')).filter(({ status }) => status === 'paid').length,
        )
        .toBe(count),
    async exactly() {
      const owed = (await street.shares('ana')).reduce(
        (sum, each) => sum + BigInt(each.amount),
        0n,
      );
      expect(people.quoteOf(creator)).toBe(owed);
    },
    async [Symbol.asyncDispose]() {
      await street[Symbol.asyncDispose]();
      await node.close();
    },
  };
}

/** In npm test the last one; in `npm run test:long` each. */
const CLOSINGS = [
  ['closed', 'one provider', false],
  ['closed', 'two providers', true],
  ['closed and made anew', 'one provider', false],
] as const;
test.each(LONG ? CLOSINGS : CLOSINGS.slice(-1))(
  'a payment whose nonce account was %s, as seen through %s, ends, and its debt is paid by another',
  async (what, _, hasSecond) => {
    await using held = await openPaid(hasSecond);
    const { street, payments, states, owe, close, reopen, paid, exactly } = held;
    dropPayments(street.world);
    owe();
    await expect.poll(states).toEqual(['landed', 'sent']);
    close();
    if (what !== 'closed') reopen();
    await expect.poll(states).toContain('dead');
    street.world.mischief.drops = null;
    await paid(2);
    await exactly();
    expect(await states()).toEqual(['landed', 'dead', 'landed']);
    // Bytes under the closed account that some node has kept are of no use.
    const [, dead] = await payments();
    const node = new Connection(street.world.chain.rpcUrl);
    const kept = (await variantsIn(street.database)).filter(
      ({ paymentId }) => paymentId === dead?.paymentId,
    );
    expect(kept.length).toBeGreaterThan(0);
    for (const { bytes } of kept)
      await node.sendRawTransaction(bytes, { skipPreflight: true, maxRetries: 0 }).catch(() => {});
    owe();
    await paid(3);
    await exactly();
  },
);

test('a payment that landed before the closing is not called dead, where one history alone shows it', async () => {
  let about: string | null = null;
  await using held = await openPaid(false, () => about);
  const { street, states, owe, close, paid, exactly, denied, debt } = held;
  street.world.mischief.drops = (transaction) => {
    about ??= base58Text(transaction.signatures[0] ?? new Uint8Array());
    return false;
  };
  owe();
  await expect.poll(states).toEqual(['landed', 'sent']);
  // The payment is on record before it is executed, and the closing must come after that.
  await vi.waitFor(exactly, { timeout: 45_000 });
  close();
  await debt(({ reason }) => reason?.code === 'nonce_untold');
  const before = denied();
  // Far more rounds than end a payment.
  await expect.poll(denied).toBeGreaterThan(before + 10);
  expect(await states()).toEqual(['landed', 'sent']);
  about = null;
  street.world.mischief.drops = null;
  await paid(2);
  expect(await states()).toEqual(['landed', 'landed']);
  await exactly();
});

test('a payment whose nonce account has another authority says so, and lands once it is given back', async () => {
  await using held = await openPaid(false);
  const { street, sponsor, states, owe, entrust, paid, exactly, debt } = held;
  dropPayments(street.world);
  owe();
  await expect.poll(states).toEqual(['landed', 'sent']);
  const stranger = Keypair.generate();
  street.sendSol(stranger.publicKey, 1_000_000_000n);
  entrust(sponsor, stranger.publicKey);
  const waiting = await debt(({ reason }) => reason?.code === 'nonce_unusable');
  expect(waiting.reason).toMatchObject({
    detail: expect.stringContaining(`the authority ${stranger.publicKey.toBase58()}`),
  });
  street.world.mischief.drops = null;
  entrust(stranger, sponsor.publicKey);
  await paid(2);
  expect(await states()).toEqual(['landed', 'landed']);
  await exactly();
});
