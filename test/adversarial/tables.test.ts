// Tables: which accounts of a payment may be named through a lookup table, whose contents are known
// only from a node.
import { randomBytes } from 'node:crypto';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair, PublicKey, VersionedTransaction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { budget, decompile, programsOf } from '../../src/chain/compile.ts';
import { encodeMessage, fitsPacket } from '../../src/chain/message.ts';
import { createPen } from '../../src/chain/pen.ts';
import { createSigners } from '../../src/chain/signers.ts';
import { transferInstructions } from '../../src/chain/tokens.ts';
import { createVault } from '../../src/chain/vault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { LookupTable, PaymentParts } from '../../src/core/signing-ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { plannedPayment } from '../support/payment.ts';

const DRIFT = createDriftVenue();

const text = (key: PublicKey) => key.toBase58() as Address;
const fresh = () => text(Keypair.generate().publicKey);
const ata = (owner: PublicKey) =>
  text(getAssociatedTokenAddressSync(new PublicKey(QUOTE_MINT), owner));
const [agent, sponsor] = [Keypair.generate(), Keypair.generate()];
const creator = Keypair.generate().publicKey;
const driftUser = fresh();
const MEMO = 'bailiff:p1';

const signers = createSigners({
  vault: createVault({ masterKey: randomBytes(32), nextMasterKey: null }),
  sponsorKey: sponsor.secretKey,
});
const pen = createPen({
  signers,
  venueOf: () => DRIFT,
  reimburseMost: 5n,
  limits: { paymentMost: null, subscriberADayMost: null },
  nowMs: () => 0,
  swap: null,
  priorityFeeMost: 1_000_000n,
});
const parts: PaymentParts = {
  payment: plannedPayment({
    creatorWallet: text(creator),
    driftUser,
    plan: { amount: 100n, feePayer: 'sponsor', reimburse: 5n },
  }),
  agent: text(agent.publicKey),
  agentTokenAccount: ata(agent.publicKey),
  source: ata(agent.publicKey),
  recipients: [{ wallet: text(creator), tokenAccount: ata(creator), amount: 100n }],
  payer: text(sponsor.publicKey),
  sponsorTokenAccount: ata(sponsor.publicKey),
};
const { before, after } = transferInstructions(parts, QUOTE_MINT, 6, MEMO, 0n);
const instructions = [...budget(200_000, 1_000n), ...before, ...after];
const signWith = (tables: readonly LookupTable[]) =>
  pen.sign({
    parts,
    memo: MEMO,
    instructions,
    tables,
    blockhash: fresh(),
    key: {
      subscriberId: 'ana',
      publicKey: parts.agent,
      sealed: signers.seal('ana', parts.agent, agent.secretKey),
    },
    signedToday: 0n,
    lastValidBlockHeight: 0,
  });

test('accounts outside the mandate may come from a table, and are read from it', async () => {
  const table = { key: fresh(), addresses: [fresh(), QUOTE_MINT] };
  const { bytes } = await signWith([table]);
  const transaction = VersionedTransaction.deserialize(bytes);
  const [lookup] = transaction.message.addressTableLookups;
  expect(lookup?.accountKey.toBase58()).toBe(table.key);
  const read = decompile(transaction, [table]);
  expect(read.lookedUp).toEqual([QUOTE_MINT]);
  expect(read.instructions).toEqual(instructions);
  expect(() => decompile(transaction)).toThrow('a lookup table that is not known');
});

test.each([
  ['the token account of the agent', parts.agentTokenAccount],
  ['the creator', text(creator)],
  ['the token account of the creator', ata(creator)],
  ['the token account of the sponsor', parts.sponsorTokenAccount as Address],
])('%s may not', async (_, address) => {
  await expect(signWith([{ key: fresh(), addresses: [address] }])).rejects.toThrow(
    `takes ${address} from a lookup table`,
  );
});

test('a transaction fits a packet up to its last byte, signatures included', () => {
  const accounts = (count: number): Instruction[] => [
    {
      program: fresh(),
      accounts: Array.from({ length: count }, () => ({
        address: fresh(),
        isSigner: false,
        isWritable: false,
      })),
      data: new Uint8Array(),
    },
  ];
  const sizes = [20, 30, 31, 32, 33, 34, 35, 60].map((count) => {
    const fits = fitsPacket(encodeMessage(parts.payer, accounts(count), fresh()));
    // A signature, its count, the header, the keys, the blockhash, and the instruction.
    const bytes = 65 + 3 + 1 + 32 * (count + 2) + 32 + 1 + 3 + count + 1;
    return [fits, bytes <= 1_232];
  });
  for (const [fits, small] of sizes) expect(fits).toBe(small);
});

test('the programs of a transaction are read from its own bytes', async () => {
  const { bytes } = await signWith([{ key: fresh(), addresses: [QUOTE_MINT] }]);
  expect(programsOf(bytes)).toEqual(instructions.map((each) => each.program));
});
