// Vault: a new master key takes over while daemons run, and what was sealed opens all the time.
import { expect, test } from 'vitest';
import { createVault } from '../../src/chain/vault.ts';
import { addressOf, createTestLedger } from '../support/ledger.ts';

const [old, next] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const secret = Buffer.from('a secret');
const said = (plain: Uint8Array): string => Buffer.from(plain).toString();

test('with two master keys the next one seals and both open; afterwards it opens everything alone', () => {
  const before = createVault({ masterKey: old, nextMasterKey: null });
  const during = createVault({ masterKey: old, nextMasterKey: next });
  const after = createVault({ masterKey: next, nextMasterKey: null });
  const older = before.seal('ana', secret);
  const newer = during.seal('ana', secret);
  for (const each of [older, newer]) {
    expect(during.open('ana', each, said)).toBe('a secret');
    expect(() => during.open('bo', each, said)).toThrow();
    expect(after.open('ana', during.rewrap('ana', each), said)).toBe('a secret');
  }
  expect(() => before.open('ana', newer, said)).toThrow();
  expect(() => after.open('ana', older, said)).toThrow();
  expect(() => createVault({ masterKey: null, nextMasterKey: next }).seal('ana', secret)).toThrow(
    /BAILIFF_MASTER_KEY/,
  );
});

test('a key that was dropped while it was sealed anew does not come back', async () => {
  await using held = await createTestLedger();
  const { subscribers } = held.ledger;
  const key = { subscriberId: 'ana', publicKey: addressOf(1), sealed: new Uint8Array([1]) };
  await subscribers.putKey(key);
  expect(await subscribers.replaceKey(key, new Uint8Array([2]))).toBe(true);
  expect(await subscribers.replaceKey(key, new Uint8Array([3]))).toBe(false);
  await subscribers.dropKey('ana');
  expect(await subscribers.replaceKey({ ...key, sealed: new Uint8Array([2]) }, key.sealed)).toBe(
    false,
  );
  expect(await subscribers.agentKey('ana')).toBeNull();
});
