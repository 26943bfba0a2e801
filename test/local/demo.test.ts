// Demo: the command as a stranger runs it. npm run test:long tells its story with one source of
// news alone, and with the daemon killed at any moment (demo.long.test.ts).
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runDemo } from '../support/demo-command.ts';

test('the command tells the whole story and ends with 0', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-demo-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // Readable for the user that PostgreSQL runs as, so that all its files lie below this folder.
  chmodSync(folder, 0o755);
  const { code, output } = await runDemo(folder);
  expect(code, output).toBe(0);
  for (const each of ['DENY. Withdrew 500.000000 USDC', 'ALLOW. In good standing', 'Try next'])
    expect(output).toContain(each);
  const [, owed, holds] =
    /the creator was owed ([\d.]+) USDC and holds ([\d.]+) USDC/.exec(output) ?? [];
  expect(Number(owed)).toBeGreaterThan(0);
  expect(holds).toBe(owed);
});
