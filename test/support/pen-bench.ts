// Pen bench: a pen with a sealed key, and a good payment through a passing account, for tests that
// change one thing of it.

import { randomBytes } from 'node:crypto';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair, PublicKey } from '@solana/web3.js';
import { budget } from '../../src/chain/compile.ts';
import { createPen, type PenOptions } from '../../src/chain/pen.ts';
import { createSigners, type SignerKeys } from '../../src/chain/signers.ts';
import { passingAccount, transferInstructions } from '../../src/chain/tokens.ts';
import { createVault } from '../../src/chain/vault.ts';
import type { SealedKey } from '../../src/core/agent-key.ts';
import type { Address } from '../../src/core/ids.ts';
import type { NonceUse } from '../../src/core/mandate.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { PaymentParts } from '../../src/core/signing-ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { createSdkDoor } from '../../src/venue/drift-v2/sdk.ts';
import { createDriftVenue, DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { plannedPayment } from './payment.ts';

const DRIFT = createDriftVenue();

export const text = (key: PublicKey) => key.toBase58() as Address;
export const ata = (owner: PublicKey) =>
  text(getAssociatedTokenAddressSync(new PublicKey(QUOTE_MINT), owner));
export const MEMO = 'bailiff:p1';
/** Where each instruction of the good payment stands. */
export const PLACES = {
  limit: 0,
  price: 1,
  create: 2,
  initialize: 3,
  creatorAccount: 4,
  settle: 5,
  withdraw: 6,
  transfer: 7,
  reimburse: 8,
  close: 9,
  memo: 10,
} as const;

export async function createPenBench({
  vault = createVault({ masterKey: randomBytes(32), nextMasterKey: null }),
  sponsorKey,
  ...more
}: Partial<PenOptions & SignerKeys> = {}) {
  const agent = Keypair.generate();
  const creator = Keypair.generate().publicKey;
  const thief = Keypair.generate().publicKey;
  const sponsor = Keypair.generate();
  const blockhash = text(Keypair.generate().publicKey);
  const signers = createSigners({
    vault,
    sponsorKey: sponsorKey === undefined ? sponsor.secretKey : sponsorKey,
  });
  const rules: Omit<PenOptions, 'signers'> = {
    venueOf: () => DRIFT,
    reimburseMost: 5n,
    swap: null,
    priorityFeeMost: 1_000_000n,
    limits: { paymentMost: null, subscriberADayMost: null },
    nowMs: () => 0,
    ...more,
  };
  const pen = createPen({ ...rules, signers });
  const key: SealedKey = {
    subscriberId: 'ana',
    publicKey: text(agent.publicKey),
    sealed: signers.seal('ana', text(agent.publicKey), agent.secretKey),
  };
  const sdk = await createSdkDoor(DRIFT_V2).load();
  const user = DRIFT_V2.addresses.user(text(agent.publicKey), 0);
  const payment = plannedPayment({
    creatorWallet: text(creator),
    driftUser: user,
    plan: {
      amount: 100n,
      withdraw: 60n,
      settleMarkets: [0],
      feePayer: 'sponsor',
      createAgentAccount: true,
      reimburse: 5n,
    },
  });
  const parts: PaymentParts = {
    payment,
    agent: text(agent.publicKey),
    agentTokenAccount: ata(agent.publicKey),
    source: passingAccount(text(agent.publicKey), 'p1'),
    recipients: [{ wallet: text(creator), tokenAccount: ata(creator), amount: 100n }],
    payer: text(sponsor.publicKey),
    sponsorTokenAccount: ata(sponsor.publicKey),
  };
  const accounts = { user, authority: parts.agent };
  /** The instructions of a good payment; `PLACES` are those of the payment of this bench. */
  const build = (given: PaymentParts): Instruction[] => {
    const { before, after } = transferInstructions(given, QUOTE_MINT, 6, MEMO, 2_039_280n);
    return [
      ...budget(200_000, 1_000n),
      ...before,
      sdk.settle(accounts, 0, []),
      sdk.withdraw({ ...accounts, destination: given.source }, 60n, []),
      ...after,
    ];
  };
  const good = build(parts);
  const sign = (
    instructions: readonly Instruction[],
    given: {
      parts?: PaymentParts;
      key?: SealedKey | null;
      signedToday?: bigint;
      lastValidBlockHeight?: number;
      blockhash?: string;
      nonce?: NonceUse;
    } = {},
  ) =>
    pen.sign({
      parts: given.parts ?? parts,
      memo: MEMO,
      instructions,
      tables: [],
      blockhash: given.blockhash ?? blockhash,
      ...(given.nonce === undefined ? {} : { nonce: given.nonce }),
      key: given.key === undefined ? key : given.key,
      signedToday: given.signedToday ?? 0n,
      lastValidBlockHeight: given.lastValidBlockHeight ?? 0,
    });
  /** The good payment with one byte string of one instruction changed. */
  const withData = (index: number, change: (data: Buffer) => void): Instruction[] =>
    good.map((each, at) => {
      if (at !== index) return each;
      const data = Buffer.from(each.data);
      change(data);
      return { ...each, data: new Uint8Array(data) };
    });
  /** The good payment with one account of one instruction changed. */
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
  const without = (index: number): Instruction[] => good.filter((_, at) => at !== index);
  const planned = (change: Partial<Payment['plan']>): PaymentParts => ({
    ...parts,
    payment: { ...payment, plan: { ...payment.plan, ...change } },
  });
  return {
    agent,
    creator,
    thief,
    sponsor,
    signers,
    rules,
    pen,
    key,
    sdk,
    user,
    payment,
    parts,
    blockhash,
    good,
    build,
    sign,
    withData,
    withAccount,
    without,
    planned,
  };
}
export type PenBench = Awaited<ReturnType<typeof createPenBench>>;
