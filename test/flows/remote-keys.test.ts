// Remote keys: a whole daemon whose agents' keys and sponsor's key are at a service. The keys come
// by an import and by a command; while the service is down payments pause, and go on afterwards.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { debtsIn, paymentsIn } from '../support/rows.ts';
import { serveSigningServices } from '../support/signing-services.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const SOL = 1_000_000_000n;
const agentSigner = { service: 'vault', key: 'agent-ana' };

test('agents of an import and of a command are paid for by a sponsor, all with keys that Vault keeps', async () => {
  await using services = await serveSigningServices();
  const url = services.access.vault?.url ?? '';
  const sponsor = Keypair.generate();
  const address = sponsor.publicKey.toBase58();
  services.keep('vault', 'sponsor', sponsor);
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-remote-keys-'));
  using _ = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  const written = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const signers = {
    vault: { url },
    sponsor: { service: 'vault', key: 'sponsor', address },
  } as const;
  await using street = await openStreet({
    settings: (given) => ({
      ...given,
      signers: { ...given.signers, ...signers },
      secrets: { ...given.secrets, vaultToken: 'hvs.test' },
    }),
  });
  const env = {
    BAILIFF_CONFIG: written('settings.json', JSON.stringify({ signers })),
    BAILIFF_VAULT_TOKEN: 'hvs.test',
  };
  const run = (...args: string[]) => runCommand(street, args, { env });
  street.sendSol(sponsor.publicKey, SOL);
  const [ana, bo] = [0, 1].map(() => street.driver.createTrader({ deposit: SOL })) as [
    ReturnType<typeof street.driver.createTrader>,
    ReturnType<typeof street.driver.createTrader>,
  ];
  const creator = Keypair.generate().publicKey;
  const walletOf = ({ agent }: typeof ana) => agent.publicKey.toBase58();

  // By an import: a key of another wallet is refused, and its subscriber with it.
  const subscriber = { kind: 'subscriber', id: 'ana', agentWallet: walletOf(ana), agentSigner };
  const rows = [
    { ...subscriber, subAccountIds: [0] },
    {
      kind: 'subscription',
      id: 'ana-1',
      subscriber: 'ana',
      subAccountId: 0,
      creatorWallet: creator.toBase58(),
      shareBps: 1_000,
    },
  ];
  const file = written('rows.jsonl', rows.map((each) => JSON.stringify(each)).join('\n'));
  services.keep('vault', 'agent-ana', bo.agent);
  const foreign = await run('import', file, '--apply');
  expect(foreign.code, foreign.out).toBe(3);
  expect(foreign.out).toMatch(/line 1 .*another key|line 1 .*key/);
  services.keep('vault', 'agent-ana', ana.agent);
  const imported = await run('import', file, '--apply');
  expect(imported.code, imported.out).toBe(0);

  // By a command, for a subscriber who was registered without a key.
  const registered = await street.post('/v1/subscribers', {
    id: 'bo',
    agentWallet: walletOf(bo),
    subAccountIds: [0],
  });
  expect(registered.status).toBe(201);
  const agreed = await street.post('/v1/subscribers/bo/subscriptions', {
    id: 'bo-1',
    subAccountId: 0,
    creatorWallet: creator.toBase58(),
    shareBps: 1_000,
  });
  expect(agreed.status).toBe(201);
  services.keep('vault', 'agent-bo', ana.agent);
  expect((await run('keys', 'use-service', 'bo', 'vault', 'agent-bo')).code).toBe(1);
  services.keep('vault', 'agent-bo', bo.agent);
  const used = await run('keys', 'use-service', 'bo', 'vault', 'agent-bo');
  expect(used.code, used.out).toBe(0);

  // While the service is down, nothing is signed and no attempt is used up.
  services.mood('vault', 'down');
  profitableClose(street.driver, ana);
  await street.share('ana', (each) => each.reason?.code === 'signer_unavailable');
  expect(await debtsIn(street.database)).toMatchObject([{ attempts: 0, failures: 0 }]);
  const before = await paymentsIn(street.database);
  expect(before.filter(({ state }) => state === 'sent' || state === 'landed')).toEqual([]);
  services.mood('vault', 'well');
  await street.share('ana', (each) => each.status === 'paid');

  profitableClose(street.driver, bo);
  await street.share('bo', (each) => each.status === 'paid');
  const landed = (await paymentsIn(street.database)).filter(({ state }) => state === 'landed');
  expect(landed).toHaveLength(2);
  const owed = [...(await street.shares('ana')), ...(await street.shares('bo'))];
  const sum = owed.reduce((total, each) => total + BigInt(each.amount), 0n);
  expect(street.driver.quoteOf(creator)).toBe(sum);
  // The agents had no SOL: the sponsor paid each fee by a signature of the service.
  expect(street.driver.lamportsOf(sponsor.publicKey)).toBeLessThan(SOL);
  expect(services.unauthorised).toEqual([]);
});
