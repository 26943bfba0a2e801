// Root memos: the sponsor writes the commitments of sealed days on the local chain, once each, also
// where the ledger loses rows and strangers write memos. A memo is read by its signature.
import { Keypair, PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { MEMO_PROGRAM } from '../../src/core/programs.ts';
import { rootMemoIn, rootMemoText } from '../../src/core/root-memo.ts';
import { troubled } from '../../src/core/trouble.ts';
import type { Parts } from '../../src/daemon-parts.ts';
import { createRootMemos, type RootMemoPorts } from '../../src/flows/root-memos.ts';
import { ofRootMemos } from '../../src/probes/root-memos.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { rootsNamed } from '../../src/verify/roots-on-chain.ts';
import { openNode } from '../../src/verify/verify.ts';
import { loseRootMemos, sealAnew } from '../support/damage.ts';
import { partsOf } from '../support/parts.ts';
import { openStreet, type Street } from '../support/street.ts';

const SOL = 1_000_000_000n;
const DAY_MS = 24 * 3_600_000;
const sponsor = Keypair.generate();
const wallet = sponsor.publicKey.toBase58() as Address;
let street: Street;
let parts: Parts & AsyncDisposable;
let beganAt: number;

beforeAll(async () => {
  street = await openStreet({
    sponsor,
    settings: (given) => ({ ...given, sponsor: { ...given.sponsor, rootMemos: true } }),
  });
  beganAt = street.world.cluster.slot('finalized');
  parts = await partsOf(street, systemClock);
});
afterAll(async () => {
  await parts[Symbol.asyncDispose]();
  await street[Symbol.asyncDispose]();
});

/** Seals a day of the ledger with a commitment, as the loop of the daemon does. */
const seal = (day: string, commitment: string) =>
  parts.roots.keep({
    day,
    commitment,
    leaves: 0,
    root: '00'.repeat(32),
    previous: null,
    madeAtMs: 0,
    secret: new Uint8Array(32),
    hashes: [],
  });
/** One round, at a time when the day has been over since the street began. */
const round = (day: string, change: Partial<RootMemoPorts> = {}) => {
  const slots = street.world.cluster.slot('finalized') - beganAt;
  const nowMs = () => Date.parse(day) + DAY_MS + 200 * slots;
  const books = { doubt: async () => null };
  const ports = { ...parts, books, ...change, clock: { nowMs }, log: silentLog };
  return createRootMemos(ports, { sponsorReserve: 0n })();
};
/** The commitments that the sponsor's history shows for a day, the newest first. */
const onChain = (day: string): string[] =>
  street.world.cluster.history(wallet).flatMap(({ transaction, execution }) =>
    transaction.message.staticAccountKeys[0]?.toBase58() === wallet
      ? execution.message.instructions.flatMap(({ data }) => {
          const memo = rootMemoIn(Buffer.from(data).toString());
          return memo?.day === day ? [memo.commitment] : [];
        })
      : [],
  );
const memoOf = async (day: string) =>
  (await parts.roots.list({ after: null, limit: 50 })).find((each) => each.day === day)?.memo;
/** Runs rounds until the day has this outcome. */
const until = (day: string, outcome: string) =>
  expect
    .poll(async () => {
      await round(day);
      return (await memoOf(day))?.outcome;
    })
    .toBe(outcome);
const commitmentOf = (n: number) => n.toString(16).padStart(2, '0').repeat(32);

test('the daemon writes a sealed day once, and shows it', async () => {
  const day = new Date().toISOString().slice(0, 10);
  await seal(day, commitmentOf(1));
  // Without SOL for the fee nothing is signed.
  await round(day);
  expect(await parts.rootMemos.sums()).toEqual({ written: 0, contradicted: 0, waiting: 1 });
  street.sendSol(sponsor.publicKey, SOL);
  await street.restart();
  // The daemon signs the memo; this test may see it under way or landed.
  await expect.poll(() => memoOf(day)).toMatchObject({ commitment: commitmentOf(1) });
  await until(day, 'landed');
  expect(onChain(day)).toEqual([commitmentOf(1)]);
  const answer = await fetch(`${street.app().url}/v1/roots`);
  expect(await answer.json()).toMatchObject({
    roots: [{ day, memo: { outcome: 'landed', commitment: commitmentOf(1) } }],
  });
  expect(await ofRootMemos(parts.rootMemos, true)).toMatchObject([{ state: 'ok' }]);
  await street.stop();
});

test('days follow each other; two daemons write one once; a halt and doubted books hold them', async () => {
  await seal('2100-01-01', commitmentOf(2));
  await seal('2100-01-02', commitmentOf(3));
  await parts.ledger.halts.set('all', 'a test');
  await round('2100-01-01');
  expect(await parts.rootMemos.underWay()).toBeNull();
  await parts.ledger.halts.lift('all');
  // Nor is one signed while the ledger may have lost its last commits.
  const doubt = async () => troubled('ledger_went_back', 'a test');
  await round('2100-01-01', { books: { doubt } });
  expect(await parts.rootMemos.underWay()).toBeNull();
  await Promise.all([round('2100-01-01'), round('2100-01-01')]);
  await until('2100-01-01', 'landed');
  expect(onChain('2100-01-01')).toEqual([commitmentOf(2)]);
  expect(onChain('2100-01-02')).toEqual([]);
  await until('2100-01-02', 'landed');
});

test('a memo is recorded before it is sent, and sent again after a crash between the two', async () => {
  const day = '2100-01-03';
  await seal(day, commitmentOf(4));
  const crashed = async () => {
    expect(await parts.rootMemos.underWay()).toMatchObject({ day });
    throw new Error('the process ends here');
  };
  await expect(round(day, { chain: { ...parts.chain, send: crashed } })).rejects.toThrow('ends');
  expect(onChain(day)).toEqual([]);
  await until(day, 'landed');
  expect(onChain(day)).toEqual([commitmentOf(4)]);
});

test('a memo that expired unseen is signed anew', async () => {
  const day = '2100-01-04';
  await seal(day, commitmentOf(5));
  await round(day, { chain: { ...parts.chain, send: async () => {} } });
  const first = await parts.rootMemos.underWay();
  street.world.cluster.advance(300);
  await until(day, 'expired');
  expect(onChain(day)).toEqual([]);
  await until(day, 'landed');
  expect((await memoOf(day))?.signature).not.toBe(first?.signature);
  expect(onChain(day)).toEqual([commitmentOf(5)]);
});

test('a ledger that lost the record finds the memo on chain, and writes it no second time', async () => {
  const day = '2100-01-04';
  const before = await memoOf(day);
  await loseRootMemos(street.database);
  await until(day, 'landed');
  expect(await memoOf(day)).toEqual(before);
  expect(onChain(day)).toEqual([commitmentOf(5)]);
});

test('a day that was sealed again with another commitment is not written, and is told', async () => {
  const day = '2100-01-04';
  const before = await memoOf(day);
  await sealAnew(street.database, day, commitmentOf(6));
  await until(day, 'contradicted');
  expect(await memoOf(day)).toMatchObject({
    signature: before?.signature,
    commitment: commitmentOf(5),
  });
  expect(onChain(day)).toEqual([commitmentOf(5)]);
  expect(await ofRootMemos(parts.rootMemos, true)).toMatchObject([{ state: 'wrong' }]);
});

test('a memo that a stranger writes in a transaction with the sponsor counts for nothing', async () => {
  const day = '2100-01-05';
  const stranger = Keypair.generate();
  street.sendSol(stranger.publicKey, SOL);
  const text = rootMemoText({ day, commitment: commitmentOf(7) });
  const memo = new TransactionInstruction({
    programId: new PublicKey(MEMO_PROGRAM),
    keys: [],
    data: Buffer.from(text),
  });
  const names = { fromPubkey: stranger.publicKey, toPubkey: sponsor.publicKey, lamports: 1 };
  street.driver.send([SystemProgram.transfer(names), memo], [stranger]);
  street.world.cluster.advance(20);
  await seal(day, commitmentOf(8));
  await until(day, 'landed');
  expect(onChain(day)).toEqual([commitmentOf(8)]);
});

test('a memo gives its commitment by its signature; other transactions give none', async () => {
  const node = openNode(street.world.chain.rpcUrl, () => Promise.resolve());
  const { signature = '' } = (await memoOf('2100-01-05')) ?? {};
  const found = await rootsNamed([signature, commitmentOf(9)], node);
  expect(found.commitments).toEqual([commitmentOf(9), commitmentOf(8)]);
  expect(found.findings).toMatchObject([
    { verdict: 'ok', detail: expect.stringContaining(`${wallet} wrote the root of 2100-01-05`) },
  ]);
  const [sent] = street.world.cluster.history(street.driver.faucet.publicKey.toBase58()).slice(-1);
  const other = await rootsNamed([sent?.signature ?? '', '5'.repeat(87)], node);
  expect(other.commitments).toEqual([]);
  expect(other.findings.map((each) => each.verdict)).toEqual(['differs', 'unknown']);
  await expect(rootsNamed(['yesterday'], node)).rejects.toMatchObject({ code: 'body_invalid' });
});
