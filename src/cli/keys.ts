// Keys: the commands that make, list and revoke API keys.
import { createHash, randomBytes } from 'node:crypto';
import { SCOPES, type Scope } from '../core/api-key.ts';
import { Fault } from '../core/fault.ts';
import { isoTime } from '../core/time.ts';
import type { Parts } from '../parts.ts';
import { type Output, table } from './output.ts';

const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text);

/** Makes a key and shows it, this once. */
export async function createKey(
  { ledger }: Parts,
  output: Output,
  name: string,
  scopes: readonly string[],
): Promise<void> {
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
}

export async function listKeys({ ledger }: Parts, output: Output): Promise<void> {
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
}

export async function revokeKey({ ledger }: Parts, output: Output, id: string): Promise<number> {
  const revoked = await ledger.apiKeys.revoke(id);
  output.result({ id, revoked }, [
    revoked ? `${id} is revoked; daemons know within seconds.` : `There is no live key ${id}.`,
  ]);
  return revoked ? 0 : 1;
}
