// Pen: trying to get money out of it. Each attempt changes one thing of a good payment; none may be
// signed.
import { Keypair, SystemProgram, VersionedTransaction } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { createPen } from '../../src/chain/pen.ts';
import { createSigners } from '../../src/chain/signers.ts';
import { createVault } from '../../src/chain/vault.ts';
import { base58Text } from '../../src/core/ids.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { ata, createPenBench, MEMO, PLACES, text } from '../support/pen-bench.ts';

const DRIFT = createDriftVenue();

const { agent, thief, sponsor, signers, key, parts, good, sign, withData, withAccount, blockhash } =
  await createPenBench();
const {
  limit: LIMIT,
  price: PRICE,
  creatorAccount: CREATOR_ATA,
  settle: SETTLE,
  withdraw: WITHDRAW,
  transfer: TRANSFER,
  reimburse: REIMBURSE,
  memo: NOTE,
} = PLACES;

test('a good payment is signed by the agent and the fee payer', async () => {
  const { bytes } = await sign(good);
  const transaction = VersionedTransaction.deserialize(bytes);
  expect(transaction.message.staticAccountKeys[0]?.equals(sponsor.publicKey)).toBe(true);
  expect(transaction.signatures).toHaveLength(2);
  expect(bytes.length).toBeLessThanOrEqual(1232);
});

describe('refused', () => {
  const refused = async (instructions: readonly Instruction[], why: RegExp) =>
    expect(sign(instructions)).rejects.toThrow(why);

  test('another amount', () =>
    refused(
      withData(TRANSFER, (data) => data.writeBigUInt64LE(101n, 1)),
      /transfers 101/,
    ));
  test('another receiver', () => refused(withAccount(TRANSFER, 2, ata(thief)), /transfers to/));
  test('another source', () => refused(withAccount(TRANSFER, 0, ata(thief)), /transfers from/));
  test('another mint', () => refused(withAccount(TRANSFER, 1, text(thief)), /transfers mint/));
  test('a second transfer', () => refused([...good, good[TRANSFER] as Instruction], /2 transfers/));
  test('a larger reimbursement, a second one, or one to somebody else', async () => {
    await refused(
      withData(REIMBURSE, (data) => data.writeBigUInt64LE(6n, 1)),
      /transfers 6/,
    );
    await refused([...good, good[REIMBURSE] as Instruction], /more than once/);
    await refused(withAccount(REIMBURSE, 2, ata(thief)), /transfers to/);
  });
  test('a reimbursement above the cap, whatever the books say', async () => {
    const plan = { ...parts.payment.plan, reimburse: 6n };
    const larger = withData(REIMBURSE, (data) => data.writeBigUInt64LE(6n, 1));
    const payment = { ...parts.payment, plan };
    await expect(sign(larger, { parts: { ...parts, payment } })).rejects.toThrow(/transfers 6/);
  });
  test('a reimbursement that was not planned', async () => {
    const plan = { ...parts.payment.plan, reimburse: 0n };
    const payment = { ...parts.payment, plan };
    await expect(sign(good, { parts: { ...parts, payment } })).rejects.toThrow(/transfers to/);
  });
  test('no transfer', () =>
    refused(
      good.filter((_, at) => at !== TRANSFER),
      /0 transfers/,
    ));
  test('no memo', () =>
    refused(
      good.filter((_, at) => at !== NOTE),
      /0 memos/,
    ));
  test('another memo', () =>
    refused(
      withData(NOTE, (data) => data.fill('x')),
      /another memo/,
    ));
  test('a larger withdrawal', () =>
    refused(
      withData(WITHDRAW, (data) => data.writeBigUInt64LE(61n, 10)),
      /withdraws 61/,
    ));
  test('a withdrawal that could borrow', () =>
    refused(
      withData(WITHDRAW, (data) => data.writeUInt8(0, 18)),
      /reduce_only/,
    ));
  test('a withdrawal of another market', () =>
    refused(
      withData(WITHDRAW, (data) => data.writeUInt16LE(1, 8)),
      /market 1/,
    ));
  test("a withdrawal straight to a stranger's account", () =>
    refused(withAccount(WITHDRAW, 6, ata(thief)), /withdraws to/));
  test("a withdrawal from another user's account", () =>
    refused(withAccount(WITHDRAW, 1, text(thief)), /withdraws from/));
  test('a withdrawal by another authority', () =>
    refused(withAccount(WITHDRAW, 3, text(thief)), /withdraws from/));
  test("settling a stranger's account", () =>
    refused(withAccount(SETTLE, 1, text(thief)), /settles user/));
  test("the creator's token account, of another mint", () =>
    refused(withAccount(CREATOR_ATA, 3, text(thief)), /of mint/));
  test('two withdrawals', () =>
    refused([...good, good[WITHDRAW] as Instruction], /more than once/));
  test('settling a market that is not in the plan', () =>
    refused(
      withData(SETTLE, (data) => data.writeUInt16LE(7, 8)),
      /settles market 7/,
    ));
  test('an excessive priority fee', () =>
    refused(
      withData(PRICE, (data) => data.writeBigUInt64LE(10n ** 9n, 1)),
      /priority fee/,
    ));
  test('an excessive compute limit', () =>
    refused(
      withData(LIMIT, (data) => data.writeUInt32LE(2_000_000, 1)),
      /compute limit/,
    ));
  test("rent of a stranger's token account", () =>
    refused(withAccount(CREATOR_ATA, 2, text(thief)), /creates a token account/));
  test('rent charged to the agent', () =>
    refused(withAccount(CREATOR_ATA, 0, text(agent.publicKey)), /rent is charged/));

  test('any other instruction of the venue', async () => {
    const transfer: Instruction = {
      ...(good[WITHDRAW] as Instruction),
      data: new Uint8Array(Buffer.from('141493df293fcc6f00000500000000000000', 'hex')),
    };
    await refused([...good, transfer], /calls program dRift/);
  });
  test('SOL of the agent sent to a stranger', async () => {
    const drain = SystemProgram.transfer({
      fromPubkey: agent.publicKey,
      toPubkey: thief,
      lamports: 1,
    });
    const accounts = drain.keys.map(({ pubkey, isSigner, isWritable }) => ({
      address: text(pubkey),
      isSigner,
      isWritable,
    }));
    await refused(
      [...good, { program: text(drain.programId), accounts, data: new Uint8Array(drain.data) }],
      /takes a tip from/,
    );
  });
  test('an SPL approve, burn, close or authority change', async () => {
    for (const tag of [4, 6, 8, 9, 3, 13]) {
      const sneaky: Instruction = {
        ...(good[TRANSFER] as Instruction),
        data: Uint8Array.of(tag, 1, 0, 0, 0, 0, 0, 0, 0, 6),
      };
      await refused([...good, sneaky], /calls program Tokenkeg/);
    }
  });
  test('another fee payer than planned', () =>
    expect(sign(good, { parts: { ...parts, payer: parts.agent } })).rejects.toThrow(
      /rent is charged|fee payer/,
    ));
  test('a key that is not the agent of the payment', async () => {
    const other = Keypair.generate();
    const sealed = signers.seal('ana', text(other.publicKey), other.secretKey);
    await expect(
      sign(good, { key: { subscriberId: 'ana', publicKey: text(other.publicKey), sealed } }),
    ).rejects.toThrow(/not the agent/);
  });
  test('no key', () => expect(sign(good, { key: null })).rejects.toThrow(/no agent key/));
});

describe('sealed keys', () => {
  test('open only for the subscriber and public key they were sealed for', async () => {
    await expect(sign(good, { key: { ...key, subscriberId: 'bo' } })).rejects.toThrow(
      /does not open/,
    );
    const swapped = createPen({
      signers: createSigners({
        vault: createVault({ masterKey: new Uint8Array(32), nextMasterKey: null }),
        sponsorKey: null,
      }),
      venueOf: () => DRIFT,
      reimburseMost: 0n,
      swap: null,
      priorityFeeMost: 0n,
      limits: { paymentMost: null, subscriberADayMost: null },
      nowMs: () => 0,
    });
    await expect(
      swapped.sign({
        parts: { ...parts, payer: parts.agent },
        memo: MEMO,
        instructions: [],
        tables: [],
        blockhash,
        key,
        signedToday: 0n,
        lastValidBlockHeight: 0,
      }),
    ).rejects.toThrow();
  });
  test('any flipped bit is noticed', async () => {
    for (const at of [0, 5, 40, 70, key.sealed.length - 1]) {
      const sealed = Uint8Array.from(key.sealed);
      sealed[at] = (sealed[at] ?? 0) ^ 1;
      await expect(sign(good, { key: { ...key, sealed } }), String(at)).rejects.toThrow(
        /does not open/,
      );
    }
  });
  test('a secret key of another public key is not taken', () => {
    expect(() => signers.seal('ana', text(thief), agent.secretKey)).toThrow(/belongs to/);
  });
  test.each<[string, () => Promise<unknown>]>([
    [
      'a payment whose key does not open',
      () => sign(good, { key: { ...key, subscriberId: 'bo' } }),
    ],
    ['a key of another', async () => signers.seal('ana', text(thief), agent.secretKey)],
  ])('no message carries key material: %s', async (_, attempt) => {
    const thrown: unknown = await attempt().then(
      () => null,
      (each: unknown) => each,
    );
    expect(thrown).toBeInstanceOf(Error);
    const told = JSON.stringify(thrown, Object.getOwnPropertyNames(thrown));
    const secret = Buffer.from(agent.secretKey);
    for (const form of ['hex', 'base64'] as const)
      expect(told).not.toContain(secret.toString(form).slice(0, 16));
    expect(told).not.toContain(base58Text(agent.secretKey).slice(0, 16));
  });
});
