// Signers: whose signatures the pen puts on a payment, wherever the keys are, and what the pen says
// when it gets none.
import { Keypair, VersionedTransaction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createPen } from '../../src/chain/pen.ts';
import { createVault } from '../../src/chain/vault.ts';
import type { SealedKey } from '../../src/core/agent-key.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Signer, Signers } from '../../src/core/signing-ports.ts';
import { createPenBench, text } from '../support/pen-bench.ts';

const bench = await createPenBench();
const { agent, sponsor, signers, pen, key, parts, good, build, sign, thief, withAccount } = bench;

/** The fault that `act` throws; fails the test when `act` throws none. */
async function faultOf(act: () => unknown): Promise<Fault> {
  try {
    await act();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}
const unreadable = (sealed: SealedKey): SealedKey => ({ ...sealed, subscriberId: 'bo' });

test('an agent that pays its own fee signs alone, also where a sponsor is configured', async () => {
  const own = { ...parts, payer: parts.agent };
  const { signature, bytes } = await sign(build(own), { parts: own });
  const transaction = VersionedTransaction.deserialize(bytes);
  expect(transaction.signatures).toHaveLength(1);
  expect(transaction.message.staticAccountKeys[0]?.equals(agent.publicKey)).toBe(true);
  expect(signature.length).toBeGreaterThan(80);
});

test.each([
  ['with a sponsor', bench],
  ['without a sponsor', await createPenBench({ sponsorKey: null })],
])(
  'a fee payer that is neither agent nor sponsor is refused, %s',
  async (_, { parts, build, sign }) => {
    const foreign = { ...parts, payer: text(Keypair.generate().publicKey) };
    const fault = await faultOf(() => sign(build(foreign), { parts: foreign }));
    expect(fault.code).toBe('pen_refused');
    expect(fault.message).toMatch(/signature is missing/);
  },
);

test('the pen names its sponsor, and names none where none is configured', async () => {
  expect(pen.sponsor).toBe(text(sponsor.publicKey));
  expect((await createPenBench({ sponsorKey: null })).pen.sponsor).toBeNull();
});

test('each refusal has the code that tells an operator from a missing key', async () => {
  const other = Keypair.generate();
  const otherKey: SealedKey = {
    subscriberId: 'ana',
    publicKey: text(other.publicKey),
    sealed: signers.seal('ana', text(other.publicKey), other.secretKey),
  };
  const limits = { paymentMost: 1n, subscriberADayMost: null };
  const limited = await createPenBench({ limits });
  const attempts = [
    () => sign(withAccount(0, 0, text(thief)).concat(good)),
    () => sign(good, { key: otherKey }),
    () => sign(good, { key: null }),
    () => sign(good, { key: unreadable(key) }),
    () => limited.sign(limited.good),
    () => signers.seal('ana', text(thief), agent.secretKey),
  ];
  const faults = await Promise.all(attempts.map(faultOf));
  expect(faults.map((each) => each.code)).toEqual([
    'pen_refused',
    'pen_refused',
    'key_unavailable',
    'key_unavailable',
    'pen_limited',
    'key_mismatch',
  ]);
});

test('a refusal lists every objection', async () => {
  const fault = await faultOf(() => sign([...good, ...good]));
  expect(fault.message).toMatch(/more than once; /);
});

test('a key that opens is told from one that does not, and from a missing master key', async () => {
  expect(await signers.closed(key)).toBeNull();
  expect(await signers.closed(unreadable(key))).toMatchObject({
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
  expect(await keyless.signers.closed(keyless.key)).toMatchObject({ code: 'master_key_missing' });
  const { context } = await faultOf(() => keyless.sign(keyless.good));
  expect(context.trouble).toBe('master_key_missing');
});

/** A pen over other signers: those of the bench, with the agent's replaced. */
const penWith = (agentSigner: (own: Signer) => Signer) => {
  const remote: Signers = { ...signers, agent: (given) => agentSigner(signers.agent(given)) };
  return createPen({ ...bench.rules, signers: remote });
};
const signWith = (other: ReturnType<typeof createPen>) =>
  other.sign({
    parts,
    memo: 'bailiff:p1',
    instructions: good,
    tables: [],
    blockhash: bench.blockhash,
    key,
    signedToday: 0n,
    lastValidBlockHeight: 0,
  });

test('a signer elsewhere gets the bytes alone, and signs the same transaction', async () => {
  const asked: Uint8Array[] = [];
  const remote = penWith((own) => ({
    address: own.address,
    async sign(message) {
      asked.push(message);
      return own.sign(message);
    },
  }));
  const there = await signWith(remote);
  expect(there).toEqual(await sign(good));
  const { message } = VersionedTransaction.deserialize(there.bytes);
  expect(asked.map((each) => Buffer.from(each))).toEqual([Buffer.from(message.serialize())]);
});

test('a signer that does not answer decides nothing: its fault passes by itself', async () => {
  const remote = penWith((own) => ({
    address: own.address,
    sign: () => Promise.reject(new Error('503')),
  }));
  const fault = await faultOf(() => signWith(remote));
  expect(fault).toMatchObject({ code: 'signer_unavailable', retry: 'later' });
  expect(fault.message).toContain('503');
});

test("a signature that is not the signer's own is refused, before it can be sent", async () => {
  const other = Keypair.generate();
  const sealed = signers.seal('ana', text(other.publicKey), other.secretKey);
  const wrong = signers.agent({ subscriberId: 'ana', publicKey: text(other.publicKey), sealed });
  for (const answer of [wrong.sign, async () => new Uint8Array(64)]) {
    const remote = penWith((own) => ({ address: own.address, sign: answer }));
    expect(await faultOf(() => signWith(remote))).toMatchObject({ code: 'pen_refused' });
  }
});

test('a payment counts towards the limits while its signer works, and no more when it fails', async () => {
  const { rules, signers, parts, good, key, blockhash } = await createPenBench({
    limits: { paymentMost: null, subscriberADayMost: 150n },
  });
  const waiting = Promise.withResolvers<never>();
  const agentOf = (given: SealedKey): Signer => ({
    ...signers.agent(given),
    sign: () => waiting.promise,
  });
  let isWaiting = true;
  const limited = createPen({
    ...rules,
    signers: { ...signers, agent: (given) => (isWaiting ? agentOf : signers.agent)(given) },
  });
  const one = () =>
    limited.sign({
      parts,
      memo: 'bailiff:p1',
      instructions: good,
      tables: [],
      blockhash,
      key,
      signedToday: 0n,
      lastValidBlockHeight: 0,
    });
  const first = faultOf(one);
  isWaiting = false;
  expect(await faultOf(one)).toMatchObject({ code: 'pen_limited' });
  waiting.reject(new Error('gone'));
  expect(await first).toMatchObject({ code: 'signer_unavailable' });
  expect(await one()).toHaveProperty('signature');
});

test('signatures for one subscriber do not count for another', async () => {
  const limits = { paymentMost: null, subscriberADayMost: 250n };
  const { signers, pen, key, parts, good, agent, blockhash } = await createPenBench({ limits });
  const of = (subscriberId: string) => () =>
    pen.sign({
      parts: { ...parts, payment: { ...parts.payment, subscriberId } },
      memo: 'bailiff:p1',
      instructions: good,
      tables: [],
      blockhash,
      key: {
        ...key,
        subscriberId,
        sealed: signers.seal(subscriberId, parts.agent, agent.secretKey),
      },
      signedToday: 0n,
      lastValidBlockHeight: 0,
    });
  await of('ana')();
  await of('ana')();
  await of('bo')();
  expect((await faultOf(of('ana'))).message).toMatch(/within a day/);
  await of('bo')();
});
