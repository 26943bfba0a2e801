// Variables: names that are no setting, and keys of which one variable is missing, are told.
import { expect, test } from 'vitest';
import { loadSettings } from '../../src/system/settings.ts';

const real = {
  BAILIFF_NETWORK: 'mainnet',
  BAILIFF_RPC_URL: 'https://rpc.example/',
  BAILIFF_WEBHOOK_SECRETS: 'w'.repeat(20),
  BAILIFF_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
};
/** The lines of the problems, without the first one; none where the settings are right. */
function problems(env: Record<string, string>): string[] {
  try {
    loadSettings(env);
  } catch (thrown) {
    const [, ...lines] = (thrown as Error).message.split('\n');
    return lines.map((line) => line.trim());
  }
  return [];
}

test('an unknown variable is told with the known one that is most like it', () => {
  const told = (name: string) => problems({ ...real, [name]: '1' }).join();
  expect(told('BAILIFF_API_KEY')).toBe(
    'BAILIFF_API_KEY: is no setting; did you mean BAILIFF_API_KEYS?',
  );
  expect(told('BAILIFF_RPC')).toContain('did you mean BAILIFF_RPC_URL?');
  expect(told('BAILIFF_TURNKEY_PRIVAT_KEY')).toContain('BAILIFF_TURNKEY_PRIVATE_KEY?');
});

test('one of two variables that make a key is refused by itself', () => {
  const pairs = [
    ['BAILIFF_TURNKEY_PUBLIC_KEY', 'BAILIFF_TURNKEY_PRIVATE_KEY'],
    ['BAILIFF_FIREBLOCKS_API_KEY', 'BAILIFF_FIREBLOCKS_PRIVATE_KEY'],
  ] as const;
  for (const [one, two] of [...pairs, ...pairs.map(([a, b]) => [b, a] as const)])
    expect(problems({ ...real, [one]: 'given' })).toEqual([
      `${two}: must be set beside ${one}, or neither`,
    ]);
});
