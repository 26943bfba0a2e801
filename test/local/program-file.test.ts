// Program file: a compiled program is loaded from its file and really executed at the venue's
// address. The memo program that LiteSVM ships stands in for a file that may not be in the
// repository.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { address } from '@solana/kit';
import { TransactionInstruction } from '@solana/web3.js';
import { LiteSVM } from 'litesvm';
import { afterAll, expect, test } from 'vitest';
import { DRIFT } from '../../src/local/drift/addresses.ts';
import { createWorld } from '../../src/local/world.ts';
import { createManualClock } from '../support/clock.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-program-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the file decides which program executes the venue’s instructions', () => {
  const memo = new LiteSVM().getAccount(address('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'));
  if (!memo.exists) throw new Error('LiteSVM ships no memo program');
  const file = path.join(folder, 'program.so');
  writeFileSync(file, memo.data);
  const clock = createManualClock();
  const world = createWorld({ programFile: file, clock });
  expect(world.venueProgram).toBe('compiled');
  expect(createWorld({ programFile: path.join(folder, 'none.so'), clock }).venueProgram).toBe(
    'stand-in',
  );
  const { driver } = world;
  const say = (data: Buffer) =>
    driver.attempt(
      [new TransactionInstruction({ programId: DRIFT, keys: [], data })],
      [driver.faucet],
    );
  const landed = say(Buffer.from('hello'));
  if (typeof landed === 'string') throw new Error(landed);
  expect(landed.execution.error).toBeNull();
  expect(landed.execution.logs).toContain(`Program ${DRIFT.toBase58()} success`);
  expect(landed.execution.logs.join()).toContain('hello');
  const failed = say(Buffer.from([0xff, 0xfe]));
  if (typeof failed === 'string') throw new Error(failed);
  expect(failed.execution.error).toMatchObject({ InstructionError: [1, expect.anything()] });
});
