// Agent keys: the commands that bring one in and change the master key. A secret is read from a file or from standard input, never from
// an argument, where other processes could see it.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { bindingOf } from '../chain/pen.ts';
import { createVault } from '../chain/vault.ts';
import { Fault } from '../core/fault.ts';
import type { Vault } from '../core/outside.ts';
import { boundTo } from '../flows/notify.ts';
import { secretKeyOf } from '../flows/register.ts';
import type { Opened, Tools } from './tools.ts';

async function importKey(
  { parts }: Opened,
  tools: Tools,
  id: string,
  file: string,
): Promise<number> {
  const subscriber = await parts.ledger.subscribers.find(id);
  if (subscriber === null) {
    tools.output().result({ id, found: false }, [`${id} is not registered.`]);
    return 1;
  }
  const given = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  const secret = secretKeyOf(given.trim());
  const sealed = (() => {
    try {
      return parts.pen.seal(id, subscriber.agentWallet, secret);
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
      `The key of ${subscriber.agentWallet} is kept, sealed. Debts that waited for it are due.`,
    ]);
  return 0;
}

/** Wraps one secret anew. What the next key opens already was wrapped before: the command may run again. */
function rewrapped(
  vaults: { now: Vault; next: Vault },
  nextKey: Uint8Array,
  bound: string,
  sealed: Uint8Array,
): Uint8Array {
  try {
    vaults.next.open(bound, sealed, () => undefined);
    return sealed;
  } catch {
    return vaults.now.rewrap(bound, sealed, nextKey);
  }
}

async function rotate({ parts, settings }: Opened, tools: Tools): Promise<number> {
  const { nextMasterKey } = settings.secrets;
  if (nextMasterKey === null)
    throw new Fault(
      'settings_invalid',
      'BAILIFF_NEXT_MASTER_KEY: is required; 32 bytes in base64; make one with: openssl rand -base64 32',
    );
  const vaults = { now: parts.vault, next: createVault(nextMasterKey) };
  const { subscribers, endpoints } = parts.ledger;
  const ids = await subscribers.ids();
  const output = tools.output();
  const bar = output.progress('wrapping keys', ids.length);
  let keys = 0;
  for (const [index, id] of ids.entries()) {
    const key = await subscribers.sealedKey(id);
    if (key !== null) {
      const sealed = rewrapped(vaults, nextMasterKey, bindingOf(id, key.publicKey), key.sealed);
      await subscribers.putKey({ ...key, sealed });
      keys++;
    }
    bar.update(index + 1);
  }
  bar.stop();
  let secrets = 0;
  for (const each of await endpoints.secrets()) {
    const wrapped = each.secrets.map((sealed) =>
      rewrapped(vaults, nextMasterKey, boundTo(each.id), sealed),
    );
    await endpoints.replaceSecrets(each.id, wrapped);
    secrets += wrapped.length;
  }
  output.result({ keys, secrets }, [
    `${keys} agent keys and ${secrets} signing secrets are under the next master key.`,
    'Now start every daemon with it as BAILIFF_MASTER_KEY. Until then debts wait without using up attempts.',
  ]);
  return 0;
}

export function addAgentKeys(program: Command, tools: Tools): void {
  const keys = program.command('keys').description('agent keys and the master key that seals them');
  keys
    .command('import <subscriber> <file>')
    .description(
      'keep the key of an agent wallet, from a file (Solana CLI JSON or base58), or - for standard input',
    )
    .action((id: string, file: string) =>
      tools.act('keys import', { id }, (opened) => importKey(opened, tools, id, file)),
    );
  keys
    .command('rotate-master')
    .description('wrap everything under BAILIFF_NEXT_MASTER_KEY; may run again')
    .action(() => tools.act('keys rotate-master', {}, (opened) => rotate(opened, tools)));
}
