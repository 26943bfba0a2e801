// Nonce pen: trying to misuse the sponsor's signature under a payment that moves a nonce. Every
// instruction of the system program is tried at every place; none but the one advance is signed.
import {
  Keypair,
  NONCE_ACCOUNT_LENGTH,
  PublicKey,
  SystemProgram,
  type TransactionInstruction,
  VersionedTransaction,
} from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { advanceNonce, closeNonce, createNonce, nonceAddress } from '../../src/chain/nonce.ts';
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../src/core/programs.ts';
import type { NonceRequest } from '../../src/core/signing-ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { createPenBench, text } from '../support/pen-bench.ts';

const { agent, thief, sponsor, parts, good, build, sign, pen, blockhash } = await createPenBench();
const authority = text(sponsor.publicKey);
const account = nonceAddress(authority, 'ana');
const nonce = { account, authority };
const advance = advanceNonce(account, authority);
const value = text(Keypair.generate().publicKey);
type Use = typeof nonce | null;
const under = (instructions: readonly Instruction[], given: Use = nonce) =>
  sign(instructions, { blockhash: value, ...(given === null ? {} : { nonce: given }) });

const neutral = ({ programId, keys, data }: TransactionInstruction): Instruction => ({
  program: text(programId),
  accounts: keys.map(({ pubkey, ...flags }) => ({ ...flags, address: text(pubkey) })),
  data: new Uint8Array(data),
});
const noncePubkey = new PublicKey(account);
const authorizedPubkey = sponsor.publicKey;
const fromPubkey = sponsor.publicKey;
const programId = SystemProgram.programId;
const fresh = Keypair.generate().publicKey;
const seed = 'a';
const lamports = 1_447_680;
const space = NONCE_ACCOUNT_LENGTH;
/** An instruction by its number alone, for those that web3.js cannot build. */
const bare = (number: number): Instruction => ({
  program: SYSTEM_PROGRAM,
  accounts: advance.accounts,
  data: Uint8Array.of(number, 0, 0, 0),
});

/** Every instruction of the system program, with the sponsor, the agent and the nonce in it. */
const SYSTEM: Record<string, Instruction> = {
  'CreateAccount of a stranger': neutral(
    SystemProgram.createAccount({
      fromPubkey,
      newAccountPubkey: agent.publicKey,
      lamports,
      space,
      programId,
    }),
  ),
  'Assign the agent': neutral(
    SystemProgram.assign({
      accountPubkey: agent.publicKey,
      programId: new PublicKey(TOKEN_PROGRAM),
    }),
  ),
  'Assign the sponsor': neutral(
    SystemProgram.assign({ accountPubkey: fromPubkey, programId: new PublicKey(TOKEN_PROGRAM) }),
  ),
  'Transfer from the sponsor': neutral(
    SystemProgram.transfer({ fromPubkey, toPubkey: thief, lamports: 1 }),
  ),
  'Transfer from the agent': neutral(
    SystemProgram.transfer({ fromPubkey: agent.publicKey, toPubkey: thief, lamports: 1 }),
  ),
  'Transfer into the nonce account': neutral(
    SystemProgram.transfer({ fromPubkey, toPubkey: noncePubkey, lamports: 1 }),
  ),
  'Transfer of rent, another nonce': createNonce(authority, authority, 'bo', 1_447_680n)[0]!,
  'AllocateWithSeed, another nonce': createNonce(authority, authority, 'bo', 1_447_680n)[1]!,
  'CreateAccountWithSeed, an account of the sponsor': neutral(
    SystemProgram.createAccountWithSeed({
      fromPubkey,
      newAccountPubkey: fresh,
      basePubkey: fromPubkey,
      seed,
      lamports,
      space,
      programId,
    }),
  ),
  'InitializeNonceAccount with the agent as authority': neutral(
    SystemProgram.nonceInitialize({ noncePubkey, authorizedPubkey: agent.publicKey }),
  ),
  'WithdrawNonceAccount to a stranger': closeNonce(account, authority, text(thief), 1_447_680n),
  'WithdrawNonceAccount to the agent': closeNonce(account, authority, parts.agent, 1n),
  'WithdrawNonceAccount to the sponsor': closeNonce(account, authority, authority, 1_447_680n),
  'AuthorizeNonceAccount to the agent': neutral(
    SystemProgram.nonceAuthorize({
      noncePubkey,
      authorizedPubkey,
      newAuthorizedPubkey: agent.publicKey,
    }),
  ),
  'AuthorizeNonceAccount to a stranger': neutral(
    SystemProgram.nonceAuthorize({ noncePubkey, authorizedPubkey, newAuthorizedPubkey: thief }),
  ),
  'Allocate the sponsor': neutral(
    SystemProgram.allocate({ accountPubkey: fromPubkey, space: 1_000 }),
  ),
  AllocateWithSeed: neutral(
    SystemProgram.allocate({
      accountPubkey: fresh,
      basePubkey: fromPubkey,
      seed,
      space,
      programId,
    }),
  ),
  AssignWithSeed: neutral(
    SystemProgram.assign({ accountPubkey: fresh, basePubkey: fromPubkey, seed, programId }),
  ),
  TransferWithSeed: neutral(
    SystemProgram.transfer({
      fromPubkey: fresh,
      basePubkey: fromPubkey,
      toPubkey: thief,
      lamports: 1,
      seed,
      programId,
    }),
  ),
  UpgradeNonceAccount: bare(12),
  CreateAccountAllowPrefund: bare(13),
  'an instruction that does not exist yet': bare(14),
  'an advance of another subscriber': advanceNonce(nonceAddress(authority, 'bo'), authority),
  'an advance by the agent': advanceNonce(account, parts.agent),
  'an advance by a stranger': advanceNonce(account, text(thief)),
  'an advance with bytes after it': { ...advance, data: Uint8Array.of(4, 0, 0, 0, 0) },
  'an advance that names another sysvar': {
    ...advance,
    accounts: advance.accounts.map((each, at) => (at === 1 ? { ...each, address: account } : each)),
  },
};

/** Where the instruction is put, and how the payment begins otherwise. */
const PLACED: Record<string, (each: Instruction) => Instruction[]> = {
  'before the advance': (each) => [each, advance, ...good],
  'in place of the advance': (each) => [each, ...good],
  'after the advance': (each) => [advance, each, ...good],
  'among the rest': (each) => [advance, ...good.slice(0, 5), each, ...good.slice(5)],
  'at the end': (each) => [advance, ...good, each],
};

describe('a payment under a durable nonce', () => {
  test('begins by moving it, and stands on its value', async () => {
    const { bytes } = await under([advance, ...good]);
    const { message, signatures } = VersionedTransaction.deserialize(bytes);
    expect(message.recentBlockhash).toBe(value);
    expect(signatures).toHaveLength(2);
    expect(bytes.length).toBeLessThanOrEqual(1232);
  });
  test('is signed by the sponsor where the agent pays the fee', async () => {
    const planned = { ...parts.payment.plan, feePayer: 'agent', reimburse: 0n } as const;
    const own = { ...parts, payer: parts.agent, payment: { ...parts.payment, plan: planned } };
    const { bytes } = await sign([advance, ...build(own)], {
      parts: own,
      nonce,
      blockhash: value,
    });
    const { message, signatures } = VersionedTransaction.deserialize(bytes);
    expect(message.staticAccountKeys[0]?.toBase58()).toBe(parts.agent);
    expect(signatures).toHaveLength(2);
  });

  test.each<[string, readonly Instruction[], Use, RegExp]>([
    ['no advance', good, nonce, /moves 0 nonces/],
    ['an advance at the end', [...good, advance], nonce, /does not begin/],
    ['an advance after the price', [good[0]!, advance, ...good.slice(1)], nonce, /does not begin/],
    ['two advances', [advance, advance, ...good], nonce, /moves 2 nonces/],
    ['an advance without a mandate', [advance, ...good], null, /moves the nonce/],
    [
      'the nonce of another',
      [SYSTEM['an advance of another subscriber']!, ...good],
      nonce,
      /moves/,
    ],
    ['another authority', [SYSTEM['an advance by a stranger']!, ...good], nonce, /by authority of/],
    [
      'the agent as authority',
      [SYSTEM['an advance by the agent']!, ...good],
      { account, authority: parts.agent },
      /nonce of the agent/,
    ],
  ])('is refused with %s', (_, instructions, given, why) =>
    expect(under(instructions, given)).rejects.toThrow(why),
  );

  const everywhere = Object.entries(SYSTEM).flatMap(([name, each]) =>
    Object.entries(PLACED).map(([where, place]) => [name, where, place(each)] as const),
  );
  test.each(everywhere)('is refused with %s %s', (_name, _where, instructions) =>
    expect(under(instructions)).rejects.toThrow(/pen refuses to sign|signature is missing/),
  );
  test.each(Object.entries(SYSTEM))('without a nonce it is refused with %s', (_name, each) =>
    expect(sign([...good, each])).rejects.toThrow(/pen refuses to sign|signature is missing/),
  );
});

describe('a transaction about a nonce account', () => {
  const request = (more: Partial<NonceRequest>): NonceRequest => ({
    act: 'open',
    subscriberId: 'ana',
    lamports: 1_447_680n,
    blockhash,
    microLamports: 1_000n,
    ...more,
  });
  const accountsOf = (bytes: Uint8Array): string[] =>
    VersionedTransaction.deserialize(bytes).message.staticAccountKeys.map((each) => text(each));

  test.each(['open', 'close', 'move'] as const)(
    'to %s names the sponsor and that account alone',
    async (act) => {
      const { bytes } = await pen.signNonce(request({ act }));
      const named = accountsOf(bytes).filter((each) => !/^(1{32}|ComputeBudget|Sysvar)/.test(each));
      expect(named.sort()).toEqual([authority, account].sort());
    },
  );
  test('of one subscriber never touches the account of another', async () => {
    const { bytes } = await pen.signNonce(request({ act: 'close', subscriberId: 'bo' }));
    expect(accountsOf(bytes)).toContain(nonceAddress(authority, 'bo'));
    expect(accountsOf(bytes)).not.toContain(account);
  });
  test.each<[string, Partial<NonceRequest>, RegExp]>([
    ['more than its rent can be', { lamports: 10_000_001n }, /creates a nonce account/],
    ['an excessive priority fee', { microLamports: 10n ** 9n }, /priority fee/],
    ['an excessive fee for a move', { act: 'move', microLamports: 10n ** 9n }, /priority fee/],
    ['an excessive fee for a closing', { act: 'close', microLamports: 10n ** 9n }, /priority fee/],
  ])('is refused with %s', (_, more, why) =>
    expect(pen.signNonce(request(more))).rejects.toThrow(why),
  );
  test('needs the key of a sponsor', async () => {
    const bench = await createPenBench({ sponsorKey: null });
    await expect(bench.pen.signNonce(request({}))).rejects.toThrow(/key of the sponsor/);
  });
});
