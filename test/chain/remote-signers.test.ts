// Remote signers: the pen signs by keys that Vault, AWS KMS, Turnkey and Fireblocks keep, over the
// protocols of each, and what happens when one is down, refuses, hangs or signs with another key.
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { openersOf } from '../../src/chain/keychain.ts';
import { createPen } from '../../src/chain/pen.ts';
import { createRemoteSigners } from '../../src/chain/remote-signers.ts';
import { createSigners } from '../../src/chain/signers.ts';
import { createVault } from '../../src/chain/vault.ts';
import { Fault } from '../../src/core/fault.ts';
import {
  proofText,
  requireServiceKey,
  SIGNER_SERVICES,
  type SignerService,
} from '../../src/core/service-key.ts';
import { createPenBench, text } from '../support/pen-bench.ts';
import { AWS, serveSigningServices } from '../support/signing-services.ts';

const services = await serveSigningServices();
afterAll(() => services[Symbol.asyncDispose]());
// The AWS SDK takes its endpoint and credentials from the environment.
Object.assign(process.env, {
  AWS_ENDPOINT_URL_KMS: services.kmsUrl,
  AWS_ACCESS_KEY_ID: AWS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: AWS.secretAccessKey,
  AWS_MAX_ATTEMPTS: '1',
});
const bench = await createPenBench();
const { agent, sponsor, good, parts, blockhash } = bench;
/** How each service names the agent's key and the sponsor's. */
const NAMES: Record<SignerService, [agent: string, sponsor: string]> = {
  vault: ['agent-ana', 'sponsor'],
  'aws-kms': ['alias/bailiff/ana', 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd'],
  turnkey: ['a1b2c3d4-0000-4000-8000-000000000001', text(sponsor.publicKey)],
  fireblocks: ['7', '0'],
};
for (const service of SIGNER_SERVICES) {
  services.keep(service, NAMES[service][0], agent);
  services.keep(service, NAMES[service][1], sponsor);
}
beforeEach(() => {
  for (const service of SIGNER_SERVICES) services.mood(service, 'well');
  services.asked.length = 0;
});

/** A clock whose sleeps end when the test moves the time past them. */
function createWaitingClock() {
  let now = 1_800_000_000_000;
  const sleeps: { untilMs: number; end: () => void }[] = [];
  return {
    elapsedMs: () => now,
    random: () => 0.5,
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>((end) => {
        signal.addEventListener('abort', () => end());
        sleeps.push({ untilMs: now + ms, end });
      }),
    advance(ms: number) {
      now += ms;
      for (const each of sleeps) if (each.untilMs <= now) each.end();
    },
  };
}

const NOTHING = { vault: null, 'aws-kms': null, turnkey: null, fireblocks: null } as const;
function built(service: SignerService, access = services.access) {
  const clock = createWaitingClock();
  const lines: string[] = [];
  const log = { debug() {}, info: note, warn: note, error: note };
  function note(event: string) {
    lines.push(event);
  }
  const answerMs = 5_000;
  const openers = openersOf(access, answerMs);
  const remote = createRemoteSigners({ openers, answerMs, clock, log });
  const [agentName, sponsorName] = NAMES[service];
  const signers = createSigners({
    vault: createVault({ masterKey: null, nextMasterKey: null }),
    sponsorKey: null,
    remote,
    remoteSponsor: { address: text(sponsor.publicKey), at: { service, key: sponsorName } },
  });
  const key = { subscriberId: 'ana', publicKey: parts.agent, at: { service, key: agentName } };
  const pen = createPen({ ...bench.rules, signers });
  const sign = () =>
    pen.sign({
      parts,
      memo: 'bailiff:p1',
      instructions: good,
      tables: [],
      blockhash,
      key,
      signedToday: 0n,
      lastValidBlockHeight: 0,
    });
  return { clock, lines, signers, key, pen, sign };
}
async function faultOf(act: () => unknown): Promise<Fault> {
  try {
    await act();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe.each(SIGNER_SERVICES)('%s', (service) => {
  test('signs for agent and sponsor what sealed keys would sign', async () => {
    const { sign, pen } = built(service);
    expect(pen.sponsor).toBe(text(sponsor.publicKey));
    expect(await sign()).toEqual(await bench.sign(good));
    expect(services.asked.map((each) => each.service)).toEqual([service, service]);
    expect(services.unauthorised).toEqual([]);
  });

  test('is asked nothing that the pen refuses', async () => {
    const { pen, key } = built(service);
    const fault = await faultOf(() =>
      pen.sign({
        parts,
        memo: 'bailiff:other',
        instructions: good,
        tables: [],
        blockhash,
        key,
        signedToday: 0n,
        lastValidBlockHeight: 0,
      }),
    );
    expect(fault.code).toBe('pen_refused');
    expect(services.asked).toEqual([]);
  });

  test('that does not answer rests, longer each time, and is asked again afterwards', async () => {
    const { sign, clock, lines, signers, key } = built(service);
    services.mood(service, 'down');
    expect(await faultOf(sign)).toMatchObject({ code: 'signer_unavailable', retry: 'later' });
    expect(services.asked).toHaveLength(1);
    expect(await faultOf(sign)).toMatchObject({ code: 'signer_unavailable' });
    expect(await faultOf(() => signers.closed(key))).toMatchObject({ code: 'signer_unavailable' });
    expect(services.asked).toHaveLength(1);
    clock.advance(1_000);
    services.mood(service, 'throttled');
    expect(await faultOf(sign)).toMatchObject({ code: 'signer_unavailable' });
    // The first rest was at most one second, the second one is between one and two.
    clock.advance(1_000);
    services.mood(service, 'well');
    expect(await faultOf(sign)).toMatchObject({ code: 'signer_unavailable' });
    clock.advance(1_000);
    expect(await sign()).toEqual(await bench.sign(good));
    expect(await signers.closed(key)).toBeNull();
    expect(lines).toEqual(['signer.unavailable', 'signer.unavailable', 'signer.answers']);
  });

  test('that refuses is a pause for a person, and does not rest', async () => {
    const { sign, lines } = built(service);
    services.mood(service, 'refusing');
    for (let tries = 1; tries <= 2; tries++) {
      const { code, context } = await faultOf(sign);
      expect([code, context.trouble]).toEqual(['key_unavailable', 'signer_refused']);
      expect(services.asked).toHaveLength(tries);
    }
    expect(lines).toEqual([]);
  });

  test('whose signature comes too late is down, and the signature is dropped', async () => {
    const { sign, clock } = built(service);
    services.mood(service, 'hang');
    const late = faultOf(sign);
    await expect.poll(() => services.asked.length).toBe(1);
    clock.advance(5_000);
    expect(await late).toMatchObject({ code: 'signer_unavailable' });
    services.mood(service, 'well');
    services.release();
    clock.advance(1_000);
    expect(await sign()).toEqual(await bench.sign(good));
  });

  test('that signs with another key is refused before the bytes are used', async () => {
    const { sign, signers, key } = built(service);
    services.mood(service, 'other key');
    expect(await faultOf(sign)).toMatchObject({ code: 'pen_refused' });
    expect(await faultOf(() => signers.prove(key.publicKey, key.at))).toMatchObject({
      code: 'key_mismatch',
    });
  });

  test('proves a key by a text that is no transaction', async () => {
    const { signers, key } = built(service);
    await signers.prove(key.publicKey, key.at);
    expect(services.asked.map((each) => each.message)).toEqual([
      Buffer.from(proofText(key.publicKey)),
    ]);
  });

  test('without access is a pause that names it', async () => {
    const { sign, signers, key } = built(service, { ...services.access, [service]: null });
    expect((await faultOf(sign)).context.trouble).toBe('signer_not_configured');
    expect(await signers.closed(key)).toMatchObject({ code: 'signer_not_configured' });
  });
});

test('a service that rests holds up no key of another one', async () => {
  const { sign, signers } = built('vault');
  services.mood('vault', 'down');
  await faultOf(sign);
  const [name] = NAMES.turnkey;
  await signers.prove(parts.agent, { service: 'turnkey', key: name });
});

test('no service is opened that is not configured', () => {
  expect([...openersOf(NOTHING, 1).keys()]).toEqual([]);
});

test.each([
  ['vault', '../../sys/seal'],
  ['vault', '..'],
  ['vault', 'a/b'],
  ['aws-kms', 'arn:aws:s3:::bucket'],
  ['turnkey', 'a b'],
  ['fireblocks', '0/../1'],
] as const)('%s takes no key of the name %s', (service, key) => {
  expect(() => requireServiceKey({ service, key })).toThrow(/agentSigner.key must be/);
});
