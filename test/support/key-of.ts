// Key of: an API key for a test, made by the command as an operator makes it.
import { runCommand } from './command.ts';
import type { Street } from './street.ts';

/** A new API key with one scope, such as `gate:read`. */
export async function keyOf(street: Street, scope: string): Promise<string> {
  const name = scope.replace(':', '-');
  const made = await runCommand(street, ['--json', 'api-keys', 'create', name, '--scopes', scope]);
  return /bailiff_[a-z0-9]+_[\w-]+/.exec(made.out)?.[0] ?? made.out;
}
