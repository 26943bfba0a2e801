// Doctor on settings: each wrong setting is a finding of its own, so that the last line of the
// doctor counts them all.
import { expect, test } from 'vitest';
import { runCommandLine } from '../../src/command-wiring.ts';
import { silentLog } from '../../src/system/log.ts';

async function doctor(
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ readonly code: number; readonly out: string }> {
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  const none = () => Promise.reject(new Error('this command needs a process of its own'));
  const code = await runCommandLine({
    args: ['doctor', ...args],
    env,
    out: write,
    err: write,
    terminal: null,
    openLog: () => silentLog,
    start: none,
    migrate: none,
    demo: none,
    prove: none,
    writeSettingsSchema: none,
  });
  return { code, out };
}

const WRONG = {
  BAILIFF_NETWORK: 'mainet',
  BAILIFF_RPC_URL: 'https://rpc.example/',
  BAILIFF_WEBHOOK_SECRETS: 'w'.repeat(20),
  BAILIFF_MASTER_KEY: 'short',
  BAILIFF_LOG_LEVEL: 'loud',
};

test('three wrong settings are three things, one of them the name of the network', async () => {
  const { code, out } = await doctor(WRONG);
  expect(code).toBe(3);
  expect(out.trim().split('\n').at(-1)).toBe('3 things are wrong.');
  expect(out.match(/^WRONG {2,}settings/gm)).toHaveLength(3);
  for (const name of ['BAILIFF_NETWORK', 'BAILIFF_MASTER_KEY', 'BAILIFF_LOG_LEVEL'])
    expect(out).toMatch(new RegExp(`^WRONG +settings +${name}`, 'm'));
});

test('the same as JSON: a finding each', async () => {
  const { code, out } = await doctor(WRONG, ['--json']);
  expect(code).toBe(3);
  const { healthy, findings } = JSON.parse(out) as {
    healthy: boolean;
    findings: { what: string; state: string }[];
  };
  expect(healthy).toBe(false);
  expect(findings.map(({ what, state }) => `${what} ${state}`)).toEqual(
    Array(3).fill('settings wrong'),
  );
});
