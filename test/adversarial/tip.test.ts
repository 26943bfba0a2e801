// Tip: trying to misuse the transfer of SOL that a payment with a tip may hold. Each attempt
// changes one thing; none may be signed.
import { Keypair, SystemProgram, VersionedTransaction } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { tipInstruction } from '../../src/chain/sender-tip.ts';
import { inspectTokens } from '../../src/chain/tokens.ts';
import type { Address } from '../../src/core/ids.ts';
import type { SenderTip } from '../../src/core/sender-tip.ts';
import type { PaymentParts } from '../../src/core/signing-ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { createPenBench, MEMO, text } from '../support/pen-bench.ts';

const [ACCOUNT, OTHER] = [Keypair.generate(), Keypair.generate()].map(({ publicKey }) =>
  text(publicKey),
) as [Address, Address];
const LIMITS = { most: 10_000n, accounts: [ACCOUNT, OTHER] };
const TIP: SenderTip = { lamports: 5_000n, account: ACCOUNT };

const bench = await createPenBench({ tip: LIMITS });
const { sponsor, agent, thief, build, sign } = bench;
const parts = bench.planned({ tip: TIP });
const good = build(parts);
const at = good.findIndex(
  (each) => each.program === text(SystemProgram.programId) && each.data.length === 12,
);
const signing = (instructions: readonly Instruction[], given: PaymentParts = parts) =>
  sign(instructions, { parts: given });
const refused = (instructions: readonly Instruction[], why: RegExp, given?: PaymentParts) =>
  expect(signing(instructions, given)).rejects.toThrow(why);
const withTip = (from: Address, tip: SenderTip): Instruction[] =>
  good.with(at, tipInstruction(from, tip));

test('a payment with its tip is signed, and holds exactly that transfer', async () => {
  const { bytes } = await signing(good);
  const { message } = VersionedTransaction.deserialize(bytes);
  const system = message.compiledInstructions.filter(
    ({ programIdIndex, data }) =>
      message.staticAccountKeys[programIdIndex]?.equals(SystemProgram.programId) === true &&
      data.length === 12,
  );
  expect(system).toHaveLength(1);
  const [transfer] = system;
  const keys = transfer?.accountKeyIndexes.map((each) => message.staticAccountKeys[each]);
  expect(keys?.map(String)).toEqual([sponsor.publicKey.toBase58(), ACCOUNT]);
  const data = Buffer.from(transfer?.data ?? []);
  expect([data.readUInt32LE(0), data.readBigUInt64LE(4)]).toEqual([2, 5_000n]);
});

test('the transfer is that of web3.js, byte for byte', () => {
  const built = SystemProgram.transfer({
    fromPubkey: sponsor.publicKey,
    toPubkey: agent.publicKey,
    lamports: 5_000n,
  });
  const own = tipInstruction(text(sponsor.publicKey), {
    lamports: 5_000n,
    account: text(agent.publicKey),
  });
  expect(Buffer.from(own.data)).toEqual(built.data);
  expect(own.accounts).toEqual(
    built.keys.map(({ pubkey, ...meta }) => ({ ...meta, address: text(pubkey) })),
  );
});

test('without a tip on record no byte of a payment changes where a sender is configured', async () => {
  const plain = await createPenBench();
  const given = { parts: bench.parts };
  expect(build(bench.parts)).toEqual(bench.good);
  expect(bench.good.some(({ data }, place) => place > 1 && data.length === 12)).toBe(false);
  await expect(sign(bench.good, given)).resolves.toBeDefined();
  await expect(plain.sign(plain.good)).resolves.toBeDefined();
});

describe('refused', () => {
  const payer = text(sponsor.publicKey);
  test('out of another wallet than that of the fee payer', () =>
    refused(withTip(text(agent.publicKey), TIP), /takes a tip from/));
  test('to a stranger', () =>
    refused(withTip(payer, { ...TIP, account: text(thief) }), /which no setting names/));
  test('to another account of the settings', () =>
    refused(withTip(payer, { ...TIP, account: OTHER }), /gives a tip to/));
  test('one lamport more or less', async () => {
    await refused(withTip(payer, { ...TIP, lamports: 5_001n }), /tip of 5001 lamports/);
    await refused(withTip(payer, { ...TIP, lamports: 4_999n }), /tip of 4999 lamports/);
  });
  test('twice', () => refused([...good, good[at] as Instruction], /gives 2 tips/));
  test('none where one is on record', () => refused(good.toSpliced(at, 1), /gives 0 tips/));
  test('one where none is on record', () => refused(good, /gives a tip to/, bench.parts));
  test('a tip on record above the setting, and to an account that no setting names', async () => {
    const large = bench.planned({ tip: { ...TIP, lamports: 10_001n } });
    await refused(build(large), /the settings allow 10000/, large);
    const stolen = bench.planned({ tip: { ...TIP, account: text(thief) } });
    await refused(build(stolen), /which no setting names/, stolen);
  });
  test('any tip where no sender is configured', async () => {
    const without = await createPenBench();
    const given = without.planned({ tip: TIP });
    await expect(without.sign(without.build(given), { parts: given })).rejects.toThrow(
      /which no setting names/,
    );
  });
  test('an account of a tip that comes out of a lookup table', async () => {
    const tables = [{ key: text(Keypair.generate().publicKey), addresses: [ACCOUNT] }];
    const { key, blockhash, pen } = bench;
    const request = { parts, memo: MEMO, instructions: good, tables, blockhash, key };
    const counted = { signedToday: 0n, lastValidBlockHeight: 0 };
    await expect(pen.sign({ ...request, ...counted })).rejects.toThrow(/from a lookup table/);
  });
  test.each<[string, (each: Instruction) => Instruction]>([
    ['with a byte after it', (each) => ({ ...each, data: Uint8Array.of(...each.data, 0) })],
    ['with a byte less', (each) => ({ ...each, data: each.data.slice(0, -1) })],
    ['under another number', (each) => ({ ...each, data: each.data.with(0, 11) })],
    [
      'with a third account',
      (each) => ({ ...each, accounts: [...each.accounts, ...each.accounts.slice(0, 1)] }),
    ],
    ['with one account', (each) => ({ ...each, accounts: each.accounts.slice(0, 1) })],
  ])('a transfer %s', async (_, change) => {
    const changed = change(good[at] as Instruction);
    expect(inspectTokens(changed).effect).toBe('unknown');
    await refused(good.with(at, changed), /calls program 1111/);
  });
});
