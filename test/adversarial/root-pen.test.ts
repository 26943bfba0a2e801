// Root pen: trying to get more than the memo of a day out of the sponsor's signature.
import { VersionedTransaction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createPen } from '../../src/chain/pen.ts';
import type { Address } from '../../src/core/ids.ts';
import { paymentIdOf } from '../../src/core/rebuild.ts';
import { ROOT_MEMO_PRICE_MOST, ROOT_MEMOS_A_DAY_MOST } from '../../src/core/root-memo.ts';
import { createPenBench } from '../support/pen-bench.ts';

const HOUR_MS = 3_600_000;
const benchAt = async () => {
  const now = { ms: 0 };
  const bench = await createPenBench({ nowMs: () => now.ms });
  const request = {
    day: '2026-11-26',
    commitment: 'ab'.repeat(32),
    blockhash: bench.blockhash,
    microLamports: 1_000n,
    signedToday: 0,
  };
  return { ...bench, now, request };
};

test('a memo is paid for and signed by the sponsor alone, and names no payment', async () => {
  const { pen, request, sponsor } = await benchAt();
  const { bytes } = await pen.signRootMemo(request);
  const { message, signatures } = VersionedTransaction.deserialize(bytes);
  expect(signatures).toHaveLength(1);
  expect(message.staticAccountKeys[0]?.equals(sponsor.publicKey)).toBe(true);
  expect(message.compiledInstructions.flatMap((each) => each.accountKeyIndexes)).toEqual([]);
  expect(message.staticAccountKeys).toHaveLength(3);
  const calls = message.compiledInstructions.map(({ programIdIndex, data }) => ({
    program: message.staticAccountKeys[programIdIndex]?.toBase58() ?? '',
    data,
  }));
  expect(paymentIdOf(calls)).toBeNull();
});

test('a day, commitment or price beyond the rule is not signed, and does not count', async () => {
  const { pen, request } = await benchAt();
  for (const change of [
    { day: '2026-11-26 bailiff:p1' },
    { commitment: `${request.commitment} bailiff:p1` },
    { commitment: 'bailiff:p1' },
    { microLamports: ROOT_MEMO_PRICE_MOST + 1n },
  ])
    await expect(pen.signRootMemo({ ...request, ...change })).rejects.toMatchObject({
      code: 'pen_refused',
    });
  for (let signed = 0; signed < ROOT_MEMOS_A_DAY_MOST; signed++) await pen.signRootMemo(request);
});

test('no more than eight are signed within 24 hours, by the count of the pen or the ledger', async () => {
  const { pen, request, now } = await benchAt();
  const limited = { code: 'pen_limited' };
  const more = { ...request, signedToday: ROOT_MEMOS_A_DAY_MOST };
  await expect(pen.signRootMemo(more)).rejects.toMatchObject(limited);
  for (let signed = 0; signed < 8; signed++) await pen.signRootMemo(request);
  now.ms = 24 * HOUR_MS - 1;
  await expect(pen.signRootMemo(request)).rejects.toMatchObject(limited);
  now.ms = 24 * HOUR_MS;
  await pen.signRootMemo(request);
});

test('memos that the signer refuses to sign do not count', async () => {
  const { rules, signers, request, sponsor } = await benchAt();
  const own = signers.sponsor;
  if (own === null) throw new Error('the bench has a sponsor');
  let answers = false;
  const sign = (message: Uint8Array) =>
    answers ? own.sign(message) : Promise.reject(new Error('the service does not answer'));
  const pen = createPen({
    ...rules,
    signers: { ...signers, sponsor: { address: sponsor.publicKey.toBase58() as Address, sign } },
  });
  for (let tries = 0; tries < ROOT_MEMOS_A_DAY_MOST; tries++)
    await expect(pen.signRootMemo(request)).rejects.toThrow();
  answers = true;
  await pen.signRootMemo(request);
});

test('without a sponsor none is signed', async () => {
  const { pen, request } = {
    ...(await benchAt()),
    ...(await createPenBench({ sponsorKey: null })),
  };
  await expect(pen.signRootMemo(request)).rejects.toMatchObject({ code: 'key_unavailable' });
});
