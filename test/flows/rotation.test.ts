// Rotation: a change of the master key loses no secret. What daemons with the old key alone keep
// while it runs is wrapped with the rest, what they would keep afterwards is refused to its sender,
// and a secret that opens under neither key does not hold up the others.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createMasterKey } from '../../src/chain/master-key.ts';
import { createVault } from '../../src/chain/vault.ts';
import { agentKeyBinding, endpointBinding } from '../../src/core/bindings.ts';
import { base58Text } from '../../src/core/ids.ts';
import { rotateMasterKey } from '../../src/flows/rotation.ts';
import { runCommand } from '../support/command.ts';
import { copyAgentKey } from '../support/damage.ts';
import { addressOf, createTestLedger } from '../support/ledger.ts';
import { openStreet } from '../support/street.ts';

const KEY = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const vaultOf = (masterKey: Uint8Array, nextMasterKey: Uint8Array | null = null) =>
  createVault({ masterKey, nextMasterKey });
const SECRET = Uint8Array.of(9);

test('a daemon that has the old key alone keeps no secret that the next key would not open', async () => {
  await using street = await openStreet();
  const next = Buffer.from(KEY(4)).toString('base64');
  const agents = { ana: Keypair.generate(), bo: Keypair.generate(), cy: Keypair.generate() };
  const register = (id: keyof typeof agents) =>
    street.post('/v1/subscribers', {
      id,
      agentWallet: agents[id].publicKey.toBase58(),
      agentSecretKey: base58Text(agents[id].secretKey),
      subAccountIds: [0],
    });
  expect((await register('ana')).status).toBe(201);
  const cy = { id: 'cy', agentWallet: agents.cy.publicKey.toBase58(), subAccountIds: [0] };
  expect((await street.post('/v1/subscribers', cy)).status).toBe(201);
  const env = { BAILIFF_NEXT_MASTER_KEY: next };
  expect((await runCommand(street, ['keys', 'rotate-master'], { env })).code).toBe(0);
  // The daemon has not looked at its master key since: it does so once a minute, and at each write.
  const refused = { status: 503, body: { title: 'key_unavailable' } };
  expect(await register('bo')).toMatchObject(refused);
  const answer = await fetch(`${street.app().url}/v1/subscribers/cy/key`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ agentSecretKey: base58Text(agents.cy.secretKey) }),
  });
  expect(answer.status).toBe(503);
  expect(await street.post('/v1/endpoints', { url: 'http://127.0.0.1:9/x' })).toMatchObject(
    refused,
  );
  const row = { kind: 'subscriber', ...cy, agentSecretKey: base58Text(agents.cy.secretKey) };
  expect(await street.post('/v1/imports', { dryRun: false, rows: [row] })).toMatchObject(refused);
  // With the next key alone every secret that was answered with success opens.
  const doctor = await runCommand(street, ['--json', 'doctor'], {
    env: { BAILIFF_MASTER_KEY: next },
  });
  const { findings } = JSON.parse(doctor.out) as { findings: { what: string; says: string }[] };
  expect(findings.find((each) => each.what === 'keys')?.says).toBe('1 agent keys open');
});

test('what is kept under the old key while secrets are wrapped is wrapped as well', async () => {
  await using held = await createTestLedger();
  const { ledger } = held;
  const put = (id: string, vault: ReturnType<typeof vaultOf>) =>
    ledger.subscribers.putKey({
      subscriberId: id,
      publicKey: addressOf(1),
      sealed: vault.seal(agentKeyBinding(id, addressOf(1)), SECRET),
    });
  const old = vaultOf(KEY(1));
  const masterKey = createMasterKey(ledger.masterKey, vaultOf(KEY(1), KEY(2)), true);
  await createMasterKey(ledger.masterKey, old, true).look();
  await masterKey.look();
  await put('ana', old);
  const endpoint = { url: 'https://hooks.example/x', kinds: null };
  const create = (id: string) =>
    ledger.endpoints.create({ ...endpoint, id, secret: old.seal(endpointBinding(id), SECRET) });
  await create('e1');
  const rotated = await rotateMasterKey({
    ledger,
    masterKey: {
      ...masterKey,
      // The last moment at which a daemon with the old key may end a write without being refused.
      async rewrap() {
        await put('ana', old);
        await create('e2');
        await masterKey.rewrap();
      },
    },
  });
  expect(rotated).toEqual({ keys: 1, secrets: 2, closed: { subscribers: [], endpoints: [] } });
  const fresh = vaultOf(KEY(2));
  const key = await ledger.subscribers.agentKey('ana');
  if (key === null || !('sealed' in key)) throw new Error('the key is gone');
  expect(fresh.open(agentKeyBinding('ana', addressOf(1)), key.sealed, (plain) => plain[0])).toBe(9);
  const kept = await ledger.endpoints.secrets();
  expect(kept.map(({ id }) => id)).toEqual(['e1', 'e2']);
  for (const { id, secrets } of kept)
    expect(fresh.open(endpointBinding(id), secrets[0] ?? SECRET, (plain) => plain[0])).toBe(9);
});

test('a key that opens under neither master key is named, and the others are wrapped', async () => {
  await using street = await openStreet();
  const [ana, bo] = [Keypair.generate(), Keypair.generate()];
  for (const [id, agent] of Object.entries({ ana, bo }))
    await street.post('/v1/subscribers', {
      id,
      agentWallet: agent.publicKey.toBase58(),
      agentSecretKey: base58Text(agent.secretKey),
      subAccountIds: [0],
    });
  await copyAgentKey(street.database, 'bo', 'ana');
  const next = Buffer.from(KEY(4)).toString('base64');
  const rotate = await runCommand(street, ['keys', 'rotate-master'], {
    env: { BAILIFF_NEXT_MASTER_KEY: next },
  });
  expect(rotate.code).toBe(3);
  expect(rotate.out).toContain('1 agent key and 0 signing secrets are under the next master key.');
  expect(rotate.out).toContain('The key of ana opens under neither master key');
  const doctor = await runCommand(street, ['doctor'], { env: { BAILIFF_MASTER_KEY: next } });
  expect(doctor.out).toContain('1 of 2 agent keys do not open, the first of ana');
});
