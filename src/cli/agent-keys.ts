// Agent keys: the commands that import an agent's key and change the master key. A secret is read
// from a file or from standard input, never from an argument, which other processes could see.
import type { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { isSignerService, requireServiceKey, SIGNER_SERVICES } from '../core/service-key.ts';
import { secretKeyOf } from '../flows/key-intake.ts';
import { rotateMasterKey } from '../flows/rotation.ts';
import { textOf } from '../verify/files.ts';
import type { Opened, Tools } from './command-tools.ts';
import { counted } from './output.ts';

async function importKey(
  { parts }: Opened,
  tools: Tools,
  id: string,
  given: string,
): Promise<number> {
  const subscriber = await parts.ledger.subscribers.find(id);
  if (subscriber === null) {
    tools.output().result({ id, found: false }, [`Subscriber ${id} is not registered.`]);
    return 1;
  }
  const secret = secretKeyOf(given.trim());
  const sealed = (() => {
    try {
      return parts.signers.seal(id, subscriber.agentWallet, secret);
    } finally {
      secret.fill(0);
    }
  })();
  await parts.ledger.subscribers.putKey({
    subscriberId: id,
    publicKey: subscriber.agentWallet,
    sealed,
  });
  await parts.ledger.shares.wake([{ subscriberId: id, class: 'needs_authorisation' }]);
  tools
    .output()
    .result({ id, agentWallet: subscriber.agentWallet }, [
      `The key of ${subscriber.agentWallet} is stored, sealed. Debts that waited for it are due.`,
    ]);
  return 0;
}

/** Stores the name of a key at a service, once the service has shown that it holds the key. */
async function useService(
  { parts }: Opened,
  tools: Tools,
  { id, service, key }: { id: string; service: string; key: string },
): Promise<number> {
  if (!isSignerService(service))
    throw new Fault('body_invalid', `The service must be one of ${SIGNER_SERVICES.join(', ')}.`);
  const subscriber = await parts.ledger.subscribers.find(id);
  if (subscriber === null) {
    tools.output().result({ id, found: false }, [`Subscriber ${id} is not registered.`]);
    return 1;
  }
  const { agentWallet } = subscriber;
  const at = { service, key };
  requireServiceKey(at);
  await parts.signers.prove(agentWallet, at);
  await parts.ledger.subscribers.putKey({ subscriberId: id, publicKey: agentWallet, at });
  await parts.ledger.shares.wake([{ subscriberId: id, class: 'needs_authorisation' }]);
  tools
    .output()
    .result({ id, agentWallet, ...at }, [
      `${service} signs for ${agentWallet} with its key ${key}. A secret that was kept here is deleted. Debts that waited for the key are due.`,
    ]);
  return 0;
}

async function rotate({ parts, settings }: Opened, tools: Tools): Promise<number> {
  if (settings.secrets.nextMasterKey === null)
    throw new Fault(
      'settings_invalid',
      'BAILIFF_NEXT_MASTER_KEY: is required; 32 bytes in base64; make one with: openssl rand -base64 32',
    );
  const trouble = parts.masterKey.trouble();
  if (trouble !== null) throw new Fault('key_unavailable', trouble.detail);
  const output = tools.output();
  const bar = output.progress('wrapping keys', 0);
  const { keys, secrets, closed } = await rotateMasterKey({
    ...parts,
    onProgress: (done, of) => bar.update(done, of),
  }).finally(() => bar.stop());
  const left = [...closed.subscribers, ...closed.endpoints];
  output.result({ keys, secrets, ...(left.length === 0 ? {} : { closed }) }, [
    `${counted(keys, 'agent key')} and ${counted(secrets, 'signing secret')} are under the next master key.`,
    ...closed.subscribers.map(
      (id) =>
        `The key of ${id} opens under neither master key, and was left as it is: bailiff keys import ${id} FILE, once the daemons have the next one.`,
    ),
    ...closed.endpoints.map(
      (id) =>
        `A signing secret of endpoint ${id} opens under neither master key, and was left as it is: POST /v1/endpoints/${id}/secrets, twice, once the daemons have the next one.`,
    ),
    'Now start every daemon with it as BAILIFF_MASTER_KEY, alone. Daemons that were not given it as BAILIFF_NEXT_MASTER_KEY before keep no new secrets and let debts wait until then, without using up attempts.',
  ]);
  return left.length === 0 ? 0 : 3;
}

/** Adds the commands under `keys`. */
export function addAgentKeys(program: Command, tools: Tools): void {
  const keys = program.command('keys').description('agent keys and the master key that seals them');
  keys
    .command('import <subscriber> <file>')
    .description(
      'store the sealed key of an agent wallet, from a file (Solana CLI JSON or base58), or - for standard input',
    )
    .action(async (id: string, file: string) => {
      const given = await textOf(file);
      await tools.act('keys import', { id }, (opened) => importKey(opened, tools, id, given));
    });
  keys
    .command('use-service <subscriber> <service> <key>')
    .description(
      `let a service sign for an agent wallet (${SIGNER_SERVICES.join(', ')}), with its key of that name`,
    )
    .action((id: string, service: string, key: string) =>
      tools.act('keys use-service', { id, service, keyName: key }, (opened) =>
        useService(opened, tools, { id, service, key }),
      ),
    );
  keys
    .command('rotate-master')
    .description('wrap every secret under BAILIFF_NEXT_MASTER_KEY; may be run again')
    .action(() => tools.act('keys rotate-master', {}, (opened) => rotate(opened, tools)));
}
