// Sandbox: acts come from its own page or from a command, never from another page, and an act that
// cannot be done says why. What the acts do on the chain is seen in walk.long.test.ts.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openSandbox } from '../../src/local/furnish.ts';
import { serveWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { loadSettings } from '../../src/system/settings.ts';

test('acts that name no venue are done at the first that is served, each account at its own', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-sandbox-'));
  const files = { programFile: null, velocityProgramFile: 'none' };
  const world = await serveWorld({ ...files, clock, heliusApiKey: 'key' });
  const settings = loadSettings({
    BAILIFF_STATE_FOLDER: folder,
    BAILIFF_VENUES: 'velocity,drift-v2',
  });
  const sandbox = await openSandbox(world, settings, 'http://127.0.0.1:8080');
  const fund = async (more: Record<string, string>) => {
    const answer = await fetch(`${sandbox.url}/acts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ do: 'fund', name: 'ana', usdc: '10', sol: '0.05', ...more }),
    });
    return ((await answer.json()) as { said: string[] }).said;
  };
  try {
    expect(readFileSync(sandbox.envFile, 'utf8')).toContain(
      "export BAILIFF_VENUES='velocity,drift-v2'",
    );
    expect(await fund({})).toEqual([
      expect.stringMatching(/10 USDT in sub-account 0 at Velocity\.$/),
    ]);
    expect(await fund({ venue: 'drift-v2' })).toEqual([
      expect.stringMatching(/10 USDC in sub-account 0 at Drift\.$/),
    ]);
  } finally {
    await sandbox.close();
    await world.close();
    rmSync(folder, { recursive: true });
  }
});

test('takes acts of its page and of commands, and refuses those of other pages', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-sandbox-'));
  const world = await serveWorld({ programFile: null, clock, heliusApiKey: 'key' });
  const settings = loadSettings({ BAILIFF_STATE_FOLDER: folder });
  const sandbox = await openSandbox(world, settings, 'http://127.0.0.1:8080');
  const act = async (body: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${sandbox.url}/acts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  try {
    const funded = await act({ do: 'fund', name: 'ana', usdc: '10.5', sol: '0.05' });
    expect(funded).toMatchObject({
      status: 200,
      body: { said: [expect.stringContaining('10.5')] },
    });
    const shown = await act({ do: 'show' }, { origin: sandbox.url });
    expect(shown.body.people).toEqual([
      expect.objectContaining({ name: 'ana', sol: '0.050000000', atVenue: '10.500000' }),
    ]);
    expect((await act({ do: 'show' }, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await act({ do: 'show' }, { 'content-type': 'text/plain' })).status).toBe(404);
    const wrong = [
      [{ do: 'fund', name: 'bo', usdc: '1.1234567', sol: '0' }, 'at most 6 decimals'],
      [{ do: 'fund', name: 'b o', usdc: '1', sol: '0' }, 'A name has'],
      [{ do: 'trade', name: 'cy', direction: 'long', size: '1', market: 'SOL-PERP' }, 'fund cy'],
      [{ do: 'price', market: 'DOGE-PERP', price: '1' }, 'SOL-PERP, BTC-PERP'],
    ] as const;
    for (const [given, problem] of wrong)
      expect(await act(given)).toMatchObject({
        status: 422,
        body: { problem: expect.stringContaining(problem) },
      });
    await act({ do: 'break', what: 'rpc' });
    expect((await fetch(world.chain.rpcUrl, { method: 'POST', body: '{}' })).status).toBe(429);
    await act({ do: 'mend' });
    expect((await fetch(world.chain.rpcUrl, { method: 'POST', body: '{}' })).status).toBe(200);

    const page = await fetch(sandbox.url);
    const policy = page.headers.get('content-security-policy') ?? '';
    const nonce = /script-src 'nonce-([\w-]+)'/.exec(policy)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(await page.text()).toContain(`<script nonce="${nonce}">`);
    const text = readFileSync(sandbox.envFile, 'utf8');
    expect(text).toContain("export API_URL='http://127.0.0.1:8080'");
    expect(statSync(sandbox.envFile).mode & 0o077).toBe(0);
  } finally {
    await sandbox.close();
    await world.close();
    expect(existsSync(sandbox.envFile)).toBe(false);
    rmSync(folder, { recursive: true });
  }
});
