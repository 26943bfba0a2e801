// Passing: the pen lets a payment open one token account of its agent and close it again, exactly
// so and no otherwise.
import { expect, test } from 'vitest';
import type { Instruction } from '../../src/core/transaction.ts';
import { ata, createPenBench, PLACES, text } from '../support/pen-bench.ts';

const { agent, thief, good, sign, withData, withAccount, without, planned } =
  await createPenBench();
const refused = async (instructions: readonly Instruction[], why: RegExp) =>
  expect(sign(instructions)).rejects.toThrow(why);

test('a passing account elsewhere, of somebody else, of another program or paid for by another', async () => {
  await refused(withAccount(PLACES.create, 1, text(thief)), /creates the account/);
  const program = 36 + 8 + 32 + 8 + 8;
  await refused(
    withData(PLACES.create, (data) => data.fill(7, program)),
    /creates an account of/,
  );
  await refused(
    withData(PLACES.create, (data) => data.writeBigUInt64LE(10_000n, program - 8)),
    /with 10000 bytes/,
  );
  await refused(
    withData(PLACES.create, (data) => data.fill(7, 4, 36)),
    /creates the account/,
  );
  await refused(withAccount(PLACES.create, 0, text(agent.publicKey)), /rent is charged/);
  await refused(
    withData(PLACES.initialize, (data) => data.fill(7, 1)),
    /gives a token account to/,
  );
  await refused(withAccount(PLACES.initialize, 1, text(thief)), /of mint/);
  await refused(withAccount(PLACES.initialize, 0, text(thief)), /initializes/);
});
test('a passing account that is not closed, closed for another, or closed in place of another', async () => {
  await refused(without(PLACES.close), /0 of close_token_account/);
  await refused(withAccount(PLACES.close, 1, text(thief)), /gives rent to/);
  await refused(withAccount(PLACES.close, 0, ata(agent.publicKey)), /closes/);
  await refused([...good, good[PLACES.close] as Instruction], /2 of close_token_account/);
});
test('a passing account that was not planned', async () => {
  const own = planned({ createAgentAccount: false });
  await expect(sign(good, { parts: own })).rejects.toThrow(/creates the account/);
});
test('a withdrawal of more than is paid, whatever the books say', async () => {
  await expect(sign(good, { parts: planned({ withdraw: 106n }) })).rejects.toThrow(
    /more than it pays/,
  );
});
