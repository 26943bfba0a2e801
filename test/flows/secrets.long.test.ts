// Secrets: a wrong master key, a key that does not open and a disabled endpoint are told as what
// they are; nothing is kept under a wrong key, and debts wait without an attempt or a payment row
// until the right one is there.
import { Keypair } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { createMasterKey } from '../../src/chain/master-key.ts';
import { createVault } from '../../src/chain/vault.ts';
import { agentKeyBinding, endpointBinding } from '../../src/core/bindings.ts';
import type { MasterKeyBook } from '../../src/core/master-key.ts';
import { createSecretWatch, findSecrets } from '../../src/flows/secret-findings.ts';
import { ofSigners } from '../../src/probes/keys.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import type { Settings } from '../../src/system/settings.ts';
import { createManualClock } from '../support/clock.ts';
import { runCommand } from '../support/command.ts';
import { copyEndpointSecrets, spoilAgentKeys } from '../support/damage.ts';
import { addressOf, createTestLedger } from '../support/ledger.ts';
import { debtsIn, eventsIn, paymentsIn } from '../support/rows.ts';
import { serveSigningServices } from '../support/signing-services.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const KEY = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const vaultOf = (n: number | null, next: number | null = null) =>
  createVault({
    masterKey: n === null ? null : KEY(n),
    nextMasterKey: next === null ? null : KEY(next),
  });
const masterKeyOf = (book: MasterKeyBook, n: number | null, next: number | null = null) =>
  createMasterKey(book, vaultOf(n, next), n !== null);
const codeOf = async (book: MasterKeyBook, n: number | null, next: number | null = null) => {
  const masterKey = masterKeyOf(book, n, next);
  await masterKey.look();
  return masterKey.trouble()?.code ?? null;
};

describe('the master key', () => {
  test('of the first start is the one of the ledger', async () => {
    await using held = await createTestLedger();
    const book = held.ledger.masterKey;
    // The ledger holds no secret yet, so no key is missing.
    expect(await codeOf(book, null)).toBeNull();
    expect(await codeOf(book, 1)).toBeNull();
    expect(await codeOf(book, 1)).toBeNull();
    expect(await codeOf(book, 2)).toBe('master_key_wrong');
    expect(await codeOf(book, null)).toBe('master_key_missing');
    const wrong = masterKeyOf(book, 2);
    await wrong.look();
    const fault = { code: 'key_unavailable', context: { trouble: 'master_key_wrong' } };
    expect(() => wrong.vault.seal('x', Uint8Array.of(1))).toThrow(expect.objectContaining(fault));
    expect(() => wrong.vault.open('x', Uint8Array.of(1), () => 1)).toThrow(
      expect.objectContaining(fault),
    );
  });

  test('of two daemons that start at once with different keys is one', async () => {
    await using held = await createTestLedger();
    const book = held.ledger.masterKey;
    const codes = await Promise.all([codeOf(book, 1), codeOf(book, 2)]);
    expect(codes.filter((each) => each === null)).toHaveLength(1);
  });

  test('of a ledger that keeps secrets, and no known text, must open one of them', async () => {
    await using held = await createTestLedger();
    const { subscribers, masterKey: book } = held.ledger;
    const publicKey = addressOf(1);
    const sealed = vaultOf(1).seal(agentKeyBinding('ana', publicKey), Uint8Array.of(9));
    await subscribers.putKey({ subscriberId: 'ana', publicKey, sealed });
    expect(await codeOf(book, 2)).toBe('master_key_wrong');
    expect(await codeOf(book, null)).toBe('master_key_missing');
    // The ledger keeps nothing of the wrong key.
    expect(await book.kept()).toBeNull();
    expect(await codeOf(book, 1)).toBeNull();
    expect(await codeOf(book, 2)).toBe('master_key_wrong');
  });

  test('is the next one after a rotation, and both meanwhile', async () => {
    await using held = await createTestLedger();
    const book = held.ledger.masterKey;
    await codeOf(book, 1);
    const both = masterKeyOf(book, 1, 2);
    await both.look();
    expect(both.trouble()).toBeNull();
    await both.rewrap();
    expect([await codeOf(book, 1, 2), await codeOf(book, 2), await codeOf(book, 1)]).toEqual([
      null,
      null,
      'master_key_wrong',
    ]);
  });
});

test('a key and a signing secret that do not open, and a disabled endpoint, are each a finding of their own', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const masterKey = masterKeyOf(ledger.masterKey, 1);
  await masterKey.look();
  const found = async () =>
    (await findSecrets({ ledger, masterKey })).map(({ what, state, says }) => [what, state, says]);
  const publicKey = addressOf(1);
  const seal = (bound: string) => masterKey.vault.seal(bound, Uint8Array.of(9));
  const good = seal(agentKeyBinding('ana', publicKey));
  await ledger.subscribers.putKey({ subscriberId: 'ana', publicKey, sealed: good });
  const endpoint = { url: 'https://hooks.example/T0123456789abcdefghij', kinds: null };
  await ledger.endpoints.create({ ...endpoint, id: 'e1', secret: seal(endpointBinding('e1')) });
  await ledger.endpoints.create({ ...endpoint, id: 'e2', secret: seal(endpointBinding('e2')) });
  expect(await found()).toEqual([['keys', 'ok', '1 agent keys open']]);
  // A row that was moved does not open there.
  const moved = seal(agentKeyBinding('bo', publicKey));
  await ledger.subscribers.putKey({ subscriberId: 'ana', publicKey, sealed: moved });
  await copyEndpointSecrets(held, 'e2', 'e1');
  await ledger.endpoints.disable('e2', 'It answered 410 Gone.', 0);
  expect(await found()).toEqual([
    ['keys', 'wrong', expect.stringContaining('1 of 1 agent keys do not open, the first of ana')],
    ['endpoint secrets', 'wrong', expect.stringContaining('1 endpoints does not open')],
    [
      'endpoints',
      'warning',
      'endpoint e2 (https://hooks.example/T012…) is disabled: It answered 410 Gone.',
    ],
  ]);
  const wrong = masterKeyOf(ledger.masterKey, 2);
  await wrong.look();
  const one = await findSecrets({ ledger, masterKey: wrong });
  expect(one.map((each) => each.what)).toEqual(['master key', 'endpoints']);
});

test('agent keys are opened every ten minutes, and each minute while one of them does not open', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const masterKey = masterKeyOf(ledger.masterKey, 1);
  const clock = createManualClock();
  const errors: string[] = [];
  const log = { ...silentLog, error: (event: string) => void errors.push(event) };
  let passes = 0;
  const sealedKeys: typeof ledger.subscribers.sealedKeys = (page) => {
    passes++;
    return ledger.subscribers.sealedKeys(page);
  };
  const watch = createSecretWatch({
    ledger: { ...ledger, subscribers: { ...ledger.subscribers, sealedKeys } },
    masterKey,
    clock,
    log,
  });
  const look = async (minutes: number) => {
    clock.advance(minutes * 60_000);
    await watch.look();
    return watch.findings().map((each) => each.what);
  };
  const publicKey = addressOf(1);
  const put = (bound: string) =>
    ledger.subscribers.putKey({
      subscriberId: 'ana',
      publicKey,
      sealed: vaultOf(1).seal(bound, Uint8Array.of(9)),
    });
  await put(agentKeyBinding('ana', publicKey));
  expect([await look(0), await look(1), passes]).toEqual([[], [], 1]);
  await put(agentKeyBinding('bo', publicKey));
  expect([await look(8), passes]).toEqual([[], 1]);
  expect([await look(2), passes]).toEqual([['keys'], 2]);
  expect([await look(1), passes]).toEqual([['keys'], 3]);
  // The finding is logged once.
  expect(errors).toEqual(['secrets.unusable']);
  await put(agentKeyBinding('ana', publicKey));
  expect([await look(1), passes]).toEqual([[], 4]);
  expect([await look(1), passes]).toEqual([[], 4]);
});

/** Puts the name of a key at Vault into the place of an agent's key. The status of the answer. */
async function keepAtVault(url: string, id: string, key: string): Promise<number> {
  const answer = await fetch(`${url}/v1/subscribers/${id}/key`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ agentSigner: { service: 'vault', key } }),
  });
  return answer.status;
}

test('under a wrong master key debts wait without an attempt or a payment, and are paid with the right one, or with a key that Vault keeps', async () => {
  await using services = await serveSigningServices();
  let masterKey: Uint8Array | null = null;
  await using street = await openStreet({
    settings: (given) => {
      masterKey = given.secrets.masterKey;
      const { vault } = services.access;
      return {
        ...given,
        signers: { ...given.signers, vault: { url: vault?.url ?? '' } },
        secrets: { ...given.secrets, vaultToken: vault?.token ?? '' },
      };
    },
  });
  const { driver, settings, database } = street;
  const secrets = settings.secrets as {
    -readonly [Name in keyof Settings['secrets']]: Settings['secrets'][Name];
  };
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  await street.subscribe('ana', ana, Keypair.generate().publicKey);
  secrets.masterKey = KEY(3);
  await street.restart();
  profitableClose(driver, ana);
  const waits = await street.share('ana', (each) => each.reason?.code === 'master_key_wrong');
  expect(waits).toMatchObject({
    status: 'pending',
    reason: { class: 'needs_authorisation', detail: expect.stringContaining('BAILIFF_MASTER_KEY') },
  });
  // The debt was tried again since; the schedule here is 300 ms.
  const [debt] = await debtsIn(database);
  await expect.poll(async () => (await debtsIn(database))[0]?.retryAt).not.toEqual(debt?.retryAt);
  expect(await debtsIn(database)).toMatchObject([{ attempts: 0, unexpected: 0, failures: 0 }]);
  expect(await paymentsIn(database)).toEqual([]);
  const told = (await eventsIn(database)).map(({ kind }) => kind);
  expect(told.filter((kind) => kind === 'share.blocked')).toHaveLength(1);
  expect(told).not.toContain('payment.failed');
  const ready = await fetch(`${street.app().url}/health/ready`);
  expect(await ready.json()).toMatchObject({
    findings: [{ what: 'master key', says: expect.stringContaining('is not the key') }],
  });
  const kept = await street.post('/v1/endpoints', { url: 'http://127.0.0.1:9/x' });
  expect(kept).toMatchObject({ status: 503, body: { title: 'key_unavailable' } });
  const doctor = await runCommand(street, ['doctor']);
  expect(doctor).toMatchObject({ code: 3, out: expect.stringMatching(/WRONG +master key/) });
  const rotate = await runCommand(street, ['keys', 'rotate-master'], {
    env: { BAILIFF_NEXT_MASTER_KEY: Buffer.from(KEY(4)).toString('base64') },
  });
  expect(rotate).toMatchObject({ code: 1, out: expect.stringContaining('is not the key under') });
  secrets.masterKey = masterKey;
  await street.restart();
  await street.share('ana', (each) => each.status === 'paid');
  // A single agent key that does not open is reported as that key.
  await spoilAgentKeys(database);
  profitableClose(driver, ana);
  const closed = await street.share('ana', (each) => each.reason?.code === 'agent_key_unreadable');
  expect(closed.reason?.detail).toContain('Bring the key in again');
  expect((await paymentsIn(database)).map(({ state }) => state)).toEqual(['landed']);
  // Vault takes over the key: only one that it shows to hold is taken.
  const { url } = street.app();
  expect(await keepAtVault(url, 'ana', 'unknown')).toBe(422);
  services.keep('vault', 'other', Keypair.generate());
  expect(await keepAtVault(url, 'ana', 'other')).toBe(422);
  services.keep('vault', 'ana', ana.agent);
  expect(await keepAtVault(url, 'ana', 'ana')).toBe(204);
  await street.share('ana', (each) => each.status === 'paid' && each.id === closed.id);
  const landed = async () => (await paymentsIn(database)).map(({ state }) => state);
  expect(await landed()).toEqual(['landed', 'landed']);
  // While Vault is down the debt waits, and it is paid once afterwards.
  services.mood('vault', 'down');
  profitableClose(driver, ana);
  const down = await street.share('ana', (each) => each.reason?.code === 'signer_unavailable');
  expect(down.reason).toMatchObject({
    class: 'retry_soon',
    detail: expect.stringMatching(/sealed/),
  });
  const findings = () => ofSigners(settings, database.sql, systemClock, silentLog);
  expect(await findings()).toMatchObject([{ what: 'signers', state: 'wrong' }]);
  services.mood('vault', 'well');
  await street.share('ana', (each) => each.status === 'paid' && each.id === down.id);
  expect(await landed()).toEqual(['landed', 'landed', 'landed']);
  expect(await debtsIn(database)).toMatchObject([{}, {}, { attempts: 0, failures: 0 }]);
  expect(await findings()).toMatchObject([{ what: 'signers', state: 'ok' }]);
});
