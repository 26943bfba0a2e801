// Signers: whose signatures the pen puts on a payment, and what it says when it cannot.
import { Keypair, VersionedTransaction } from '@solana/web3.js';
import { expect, test, vi } from 'vitest';
import { createVault } from '../../src/chain/vault.ts';
import { Fault } from '../../src/core/fault.ts';
import type { SealedKey } from '../../src/core/ports.ts';
import { createPenBench, text } from '../support/pen-bench.ts';

const bench = await createPenBench();
const { agent, sponsor, pen, key, parts, good, build, sign, thief, withAccount } = bench;

/** The fault that `act` throws. */
function faultOf(act: () => unknown): Fault {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}
const unreadable = (sealed: SealedKey): SealedKey => ({ ...sealed, subscriberId: 'bo' });

test('an agent that pays its own fee signs alone, also where a sponsor is configured', () => {
  const own = { ...parts, payer: parts.agent };
  const { signature, bytes } = sign(build(own), { parts: own });
  const transaction = VersionedTransaction.deserialize(bytes);
  expect(transaction.signatures).toHaveLength(1);
  expect(transaction.message.staticAccountKeys[0]?.equals(agent.publicKey)).toBe(true);
  expect(signature.length).toBeGreaterThan(80);
});

test.each([
  ['with a sponsor', bench],
  ['without a sponsor', await createPenBench({ sponsorKey: null })],
])('a fee payer that is neither agent nor sponsor is refused, %s', (_, { parts, build, sign }) => {
  const foreign = { ...parts, payer: text(Keypair.generate().publicKey) };
  const fault = faultOf(() => sign(build(foreign), { parts: foreign }));
  expect(fault.code).toBe('pen_refused');
  expect(fault.message).toMatch(/signature is missing/);
});

test('the pen names its sponsor, and names none where none is configured', async () => {
  expect(pen.sponsor).toBe(text(sponsor.publicKey));
  expect((await createPenBench({ sponsorKey: null })).pen.sponsor).toBeNull();
});

test('each refusal has the code that tells an operator from a missing key', async () => {
  const other = Keypair.generate();
  const otherKey: SealedKey = {
    subscriberId: 'ana',
    publicKey: text(other.publicKey),
    sealed: pen.seal('ana', text(other.publicKey), other.secretKey),
  };
  const limits = { paymentMost: 1n, subscriberADayMost: null };
  const limited = await createPenBench({ limits });
  const codes = [
    () => sign(withAccount(0, 0, text(thief)).concat(good)),
    () => sign(good, { key: otherKey }),
    () => sign(good, { key: null }),
    () => sign(good, { key: unreadable(key) }),
    () => limited.sign(limited.good),
    () => pen.seal('ana', text(thief), agent.secretKey),
  ].map((act) => faultOf(act).code);
  expect(codes).toEqual([
    'pen_refused',
    'pen_refused',
    'key_unavailable',
    'key_unavailable',
    'pen_limited',
    'key_mismatch',
  ]);
});

test('a refusal lists every objection', () => {
  const fault = faultOf(() => sign([...good, ...good]));
  expect(fault.message).toMatch(/more than once; /);
});

test('a key that opens is told from one that does not, and from a missing master key', () => {
  expect(pen.closed(key)).toBeNull();
  expect(pen.closed(unreadable(key))).toMatchObject({
    class: 'needs_authorisation',
    code: 'agent_key_unreadable',
  });
});

test('without a master key it is that key which is missing, not the key of the agent', async () => {
  const vault = createVault({ masterKey: null, nextMasterKey: null });
  const sealer = createVault({ masterKey: new Uint8Array(32), nextMasterKey: null });
  const keyless = await createPenBench({
    vault: { ...vault, seal: (...given) => sealer.seal(...given) },
  });
  expect(keyless.pen.closed(keyless.key)).toMatchObject({ code: 'master_key_missing' });
  expect(faultOf(() => keyless.sign(keyless.good)).context.trouble).toBe('master_key_missing');
});

test('a signature that fails after the key has opened is no unreadable key', () => {
  const signing = vi.spyOn(VersionedTransaction.prototype, 'sign').mockImplementationOnce(() => {
    throw new Error('the library broke');
  });
  const fault = faultOf(() => sign(good));
  signing.mockRestore();
  expect(fault.code).toBe('pen_refused');
  expect(fault.message).toContain('the library broke');
  expect(pen.closed(key)).toBeNull();
});

test('signatures for one subscriber do not count for another', async () => {
  const limits = { paymentMost: null, subscriberADayMost: 250n };
  const { pen, key, parts, good, agent, blockhash } = await createPenBench({ limits });
  const of = (subscriberId: string) => () =>
    pen.sign({
      parts: { ...parts, payment: { ...parts.payment, subscriberId } },
      memo: 'bailiff:p1',
      instructions: good,
      tables: [],
      blockhash,
      key: { ...key, subscriberId, sealed: pen.seal(subscriberId, parts.agent, agent.secretKey) },
      signedToday: 0n,
    });
  of('ana')();
  of('ana')();
  of('bo')();
  expect(faultOf(of('ana')).message).toMatch(/within a day/);
  of('bo')();
});
