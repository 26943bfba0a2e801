// Pen: trying to get money out of it. Each attempt changes one thing of a good payment; none may be signed.
import { randomBytes } from 'node:crypto';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair, PublicKey, SystemProgram, VersionedTransaction } from '@solana/web3.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { budget } from '../../src/chain/compile.ts';
import { createPen } from '../../src/chain/pen.ts';
import { passingAccount, transferInstructions } from '../../src/chain/tokens.ts';
import { createVault } from '../../src/chain/vault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { PaymentParts } from '../../src/core/outside.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { SealedKey } from '../../src/core/ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { inspectVenue } from '../../src/venue/inspect.ts';
import { QUOTE_MINT } from '../../src/venue/profile.ts';
import { createSdkDoor, type Sdk } from '../../src/venue/sdk.ts';

const text = (key: PublicKey) => key.toBase58() as Address;
const ata = (owner: PublicKey) =>
  text(getAssociatedTokenAddressSync(new PublicKey(QUOTE_MINT), owner));
const agent = Keypair.generate();
const creator = Keypair.generate().publicKey;
const thief = Keypair.generate().publicKey;
const sponsor = Keypair.generate();
const vault = createVault({ masterKey: randomBytes(32), nextMasterKey: null });
const blockhash = text(Keypair.generate().publicKey);
const MEMO = 'bailiff:p1';

const pen = createPen({
  vault,
  sponsorKey: sponsor.secretKey,
  mint: QUOTE_MINT,
  quoteMarket: 0,
  reimburseMost: 5n,
  swap: null,
  priorityFeeMost: 1_000_000n,
  inspectVenue,
});
const key: SealedKey = {
  subscriberId: 'ana',
  publicKey: text(agent.publicKey),
  sealed: pen.seal('ana', text(agent.publicKey), agent.secretKey),
};

let sdk: Sdk;
let user: Address;
let parts: PaymentParts;
let good: Instruction[];

beforeAll(async () => {
  sdk = await createSdkDoor().load();
  user = sdk.user(text(agent.publicKey), 0);
  const payment: Payment = {
    id: 'p1',
    purpose: 'share',
    subscriberId: 'ana',
    subscriptionId: 's',
    creatorWallet: text(creator),
    driftUser: user,
    subAccountId: 0,
    state: 'planned',
    attempts: 0,
    signed: null,
    plan: {
      amount: 100n,
      covers: [],
      withdraw: 60n,
      settleMarkets: [0],
      feePayer: 'sponsor',
      createAgentAccount: true,
      reimburse: 5n,
      createCreatorAccount: false,
    },
  };
  parts = {
    payment,
    agent: text(agent.publicKey),
    agentTokenAccount: ata(agent.publicKey),
    source: passingAccount(text(agent.publicKey), 'p1'),
    creator: text(creator),
    creatorTokenAccount: ata(creator),
    payer: text(sponsor.publicKey),
    sponsorTokenAccount: ata(sponsor.publicKey),
  };
  const { before, after } = transferInstructions(parts, QUOTE_MINT, 6, MEMO, 2_039_280n);
  const accounts = { user, authority: parts.agent };
  good = [
    ...budget(200_000, 1_000n),
    ...before,
    await sdk.settle(accounts, 0, []),
    await sdk.withdraw({ ...accounts, destination: parts.source }, 60n, []),
    ...after,
  ];
});

const sign = (
  instructions: readonly Instruction[],
  more: { parts?: PaymentParts; key?: SealedKey | null } = {},
) =>
  pen.sign({
    parts: more.parts ?? parts,
    memo: MEMO,
    instructions,
    blockhash,
    key: more.key === undefined ? key : more.key,
  });

test('a good payment is signed by the agent and the fee payer', () => {
  const { bytes } = sign(good);
  const transaction = VersionedTransaction.deserialize(bytes);
  expect(transaction.message.staticAccountKeys[0]?.equals(sponsor.publicKey)).toBe(true);
  expect(transaction.signatures).toHaveLength(2);
  expect(bytes.length).toBeLessThanOrEqual(1232);
});

describe('refused', () => {
  const refused = (instructions: readonly Instruction[], why: RegExp) =>
    expect(() => sign(instructions)).toThrow(why);
  const withData = (index: number, change: (data: Buffer) => void): Instruction[] =>
    good.map((each, at) => {
      if (at !== index) return each;
      const data = Buffer.from(each.data);
      change(data);
      return { ...each, data: new Uint8Array(data) };
    });
  const withAccount = (index: number, account: number, address: Address): Instruction[] =>
    good.map((each, at) =>
      at === index
        ? {
            ...each,
            accounts: each.accounts.map((meta, place) =>
              place === account ? { ...meta, address } : meta,
            ),
          }
        : each,
    );
  const [
    LIMIT,
    PRICE,
    CREATE,
    INITIALIZE,
    CREATOR_ATA,
    SETTLE,
    WITHDRAW,
    TRANSFER,
    REIMBURSE,
    CLOSE,
    NOTE,
  ] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

  test('another amount', () =>
    refused(
      withData(TRANSFER, (data) => data.writeBigUInt64LE(101n, 1)),
      /transfers 101/,
    ));
  test('another receiver', () => refused(withAccount(TRANSFER, 2, ata(thief)), /transfers to/));
  test('another source', () => refused(withAccount(TRANSFER, 0, ata(thief)), /transfers from/));
  test('another mint', () => refused(withAccount(TRANSFER, 1, text(thief)), /transfers mint/));
  test('a second transfer', () => refused([...good, good[TRANSFER] as Instruction], /2 transfers/));
  test('a larger reimbursement, a second one, or one to somebody else', () => {
    refused(
      withData(REIMBURSE, (data) => data.writeBigUInt64LE(6n, 1)),
      /transfers 6/,
    );
    refused([...good, good[REIMBURSE] as Instruction], /more than once/);
    refused(withAccount(REIMBURSE, 2, ata(thief)), /transfers to/);
  });
  test('a reimbursement above the cap, whatever the books say', () => {
    const plan = { ...parts.payment.plan, reimburse: 6n };
    const larger = withData(REIMBURSE, (data) => data.writeBigUInt64LE(6n, 1));
    const payment = { ...parts.payment, plan };
    expect(() => sign(larger, { parts: { ...parts, payment } })).toThrow(/transfers 6/);
  });
  test('a reimbursement that was not planned', () => {
    const plan = { ...parts.payment.plan, reimburse: 0n };
    const payment = { ...parts.payment, plan };
    expect(() => sign(good, { parts: { ...parts, payment } })).toThrow(/transfers to/);
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

  test('a passing account elsewhere, of somebody else, of another program or paid for by another', () => {
    refused(withAccount(CREATE, 1, text(thief)), /creates the account/);
    const program = 36 + 8 + 32 + 8 + 8;
    refused(
      withData(CREATE, (data) => data.fill(7, program)),
      /creates an account of/,
    );
    refused(
      withData(CREATE, (data) => data.writeBigUInt64LE(10_000n, program - 8)),
      /with 10000 bytes/,
    );
    refused(
      withData(CREATE, (data) => data.fill(7, 4, 36)),
      /creates the account/,
    );
    refused(withAccount(CREATE, 0, text(agent.publicKey)), /rent is charged/);
    refused(
      withData(INITIALIZE, (data) => data.fill(7, 1)),
      /gives a token account to/,
    );
    refused(withAccount(INITIALIZE, 1, text(thief)), /of mint/);
    refused(withAccount(INITIALIZE, 0, text(thief)), /initializes/);
  });
  test('a passing account that is not closed, closed for another, or closed in place of another', () => {
    refused(
      good.filter((_, at) => at !== CLOSE),
      /0 of close_token_account/,
    );
    refused(withAccount(CLOSE, 1, text(thief)), /gives rent to/);
    refused(withAccount(CLOSE, 0, ata(agent.publicKey)), /closes/);
    refused([...good, good[CLOSE] as Instruction], /2 of close_token_account/);
  });
  test('a passing account that was not planned', () => {
    const plan = { ...parts.payment.plan, createAgentAccount: false };
    const payment = { ...parts.payment, plan };
    expect(() => sign(good, { parts: { ...parts, payment } })).toThrow(/creates the account/);
  });
  test('a withdrawal of more than is paid, whatever the books say', () => {
    const plan = { ...parts.payment.plan, withdraw: 106n };
    const payment = { ...parts.payment, plan };
    expect(() => sign(good, { parts: { ...parts, payment } })).toThrow(/more than it pays/);
  });

  test('any other instruction of the venue', async () => {
    const transfer: Instruction = {
      ...(good[WITHDRAW] as Instruction),
      data: new Uint8Array(Buffer.from('141493df293fcc6f00000500000000000000', 'hex')),
    };
    refused([...good, transfer], /calls program dRift/);
  });
  test('any other program', () => {
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
    refused(
      [...good, { program: text(drain.programId), accounts, data: new Uint8Array(drain.data) }],
      /calls program 1111/,
    );
  });
  test('an SPL approve, burn, close or authority change', () => {
    for (const tag of [4, 6, 8, 9, 3, 13]) {
      const sneaky: Instruction = {
        ...(good[TRANSFER] as Instruction),
        data: Uint8Array.of(tag, 1, 0, 0, 0, 0, 0, 0, 0, 6),
      };
      refused([...good, sneaky], /calls program Tokenkeg/);
    }
  });
  test('another fee payer than planned', () =>
    expect(() => sign(good, { parts: { ...parts, payer: parts.agent } })).toThrow(
      /rent is charged|fee payer/,
    ));
  test('a key that is not the agent of the payment', () => {
    const other = Keypair.generate();
    const sealed = pen.seal('ana', text(other.publicKey), other.secretKey);
    expect(() =>
      sign(good, { key: { subscriberId: 'ana', publicKey: text(other.publicKey), sealed } }),
    ).toThrow(/not the agent/);
  });
  test('no key', () => expect(() => sign(good, { key: null })).toThrow(/no agent key/));
});

describe('sealed keys', () => {
  test('open only for the subscriber and public key they were sealed for', () => {
    expect(() => sign(good, { key: { ...key, subscriberId: 'bo' } })).toThrow(/cannot be opened/);
    const swapped = createPen({
      vault: createVault({ masterKey: new Uint8Array(32), nextMasterKey: null }),
      sponsorKey: null,
      mint: QUOTE_MINT,
      quoteMarket: 0,
      reimburseMost: 0n,
      swap: null,
      priorityFeeMost: 0n,
      inspectVenue,
    });
    expect(() =>
      swapped.sign({
        parts: { ...parts, payer: parts.agent },
        memo: MEMO,
        instructions: [],
        blockhash,
        key,
      }),
    ).toThrow();
  });
  test('any flipped bit is noticed', () => {
    for (const at of [0, 5, 40, 70, key.sealed.length - 1]) {
      const sealed = Uint8Array.from(key.sealed);
      sealed[at] = (sealed[at] ?? 0) ^ 1;
      expect(() => sign(good, { key: { ...key, sealed } }), String(at)).toThrow(/cannot be opened/);
    }
  });
  test('a secret key of another public key is not taken', () => {
    expect(() => pen.seal('ana', text(thief), agent.secretKey)).toThrow(/belongs to/);
  });
  test('no message ever carries key material', () => {
    const secret = Buffer.from(agent.secretKey).toString('hex');
    for (const attempt of [
      () => sign(good, { key: { ...key, subscriberId: 'bo' } }),
      () => pen.seal('ana', text(thief), agent.secretKey),
    ]) {
      try {
        attempt();
      } catch (thrown) {
        expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain(
          secret.slice(0, 16),
        );
      }
    }
  });
});
