// API keys: the commands that create, list and revoke them.
import { createHash, randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { SCOPES, type Scope } from '../core/api-key.ts';
import { Fault } from '../core/fault.ts';
import { isoTime } from '../core/time.ts';
import type { Parts } from '../daemon-parts.ts';
import { requireArgument, type Tools } from './command-tools.ts';
import { type Output, table } from './output.ts';

const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text);

/** Creates a key and prints it. The ledger keeps its hash alone, so it cannot be shown again. */
async function createKey(
  { ledger }: Parts,
  output: Output,
  name: string,
  scopes: readonly string[],
): Promise<number> {
  const wrong = scopes.filter((each) => !isScope(each));
  if (wrong.length > 0)
    throw new Fault(
      'body_invalid',
      `No scope: ${wrong.join(', ')}. There are: ${SCOPES.join(', ')}.`,
    );
  const id = randomBytes(6).toString('hex');
  const key = `bailiff_${id}_${randomBytes(24).toString('base64url')}`;
  const hash = createHash('sha256').update(key).digest();
  await ledger.apiKeys.add({ id, name, hash, scopes: scopes.filter(isScope) });
  output.result({ id, name, scopes, key }, [
    key,
    `It is shown this once. It may: ${scopes.join(', ')}. Revoke it with: bailiff api-keys revoke ${id}`,
  ]);
  return 0;
}

async function listKeys({ ledger }: Parts, output: Output): Promise<number> {
  const keys = await ledger.apiKeys.list();
  output.result(
    { keys },
    table([
      ['ID', 'NAME', 'SCOPES', 'MADE', 'REVOKED'],
      ...keys.map((each) => [
        each.id,
        each.name,
        each.scopes.join(','),
        isoTime(each.createdAtMs),
        each.revokedAtMs === null ? '' : isoTime(each.revokedAtMs),
      ]),
    ]),
  );
  return 0;
}

async function revokeKey({ ledger }: Parts, output: Output, id: string): Promise<number> {
  const revoked = await ledger.apiKeys.revoke(id);
  output.result({ id, revoked }, [
    revoked
      ? `${id} is revoked; daemons know within seconds.`
      : `There is no live key ${id}; bailiff api-keys list shows their ids.`,
  ]);
  return revoked ? 0 : 1;
}

/** The most characters of a key's name, which the ledger takes. */
const NAME_MOST = 64;

/** Adds the commands under `api-keys`. */
export function addApiKeys(program: Command, tools: Tools): void {
  const keys = program.command('api-keys').description('API keys and their scopes');
  keys
    .command('create <name>')
    .description('make a key; it is shown once')
    .requiredOption('--scopes <list>', 'gate:read, platform:write, operator; separated by commas')
    .action((name: string, { scopes }: { scopes: string }) => {
      const fits = name.length >= 1 && name.length <= NAME_MOST;
      requireArgument(fits, `The name of a key has 1 to ${NAME_MOST} characters.`);
      return tools.act('api-keys create', { name, scopes }, ({ parts }) =>
        createKey(parts, tools.output(), name, scopes.split(',')),
      );
    });
  keys
    .command('list')
    .description('all keys, revoked ones included')
    .action(() => tools.look(({ parts }) => listKeys(parts, tools.output())));
  keys
    .command('revoke <id>')
    .description('revoke a key for good')
    .action((id: string) =>
      tools.act('api-keys revoke', { id }, ({ parts }) => revokeKey(parts, tools.output(), id)),
    );
}
