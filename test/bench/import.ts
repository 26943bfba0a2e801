// Import: how long an import of many subscribers takes, with keys, subscriptions and debts, through
// a real Postgres and the RPC of a local chain. `IMPORT=subscribers` sets how many; 10,000 when
// absent, which must take less than a minute.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { redaction } from '../../src/chain/keypair.ts';
import { base58Text } from '../../src/core/ids.ts';
import { rowsIn } from '../../src/core/import-file.ts';
import { bundlesOf } from '../../src/core/import-rows.ts';
import { openParts } from '../../src/daemon-parts.ts';
import { createImport } from '../../src/flows/import.ts';
import { createPayable } from '../../src/flows/payable.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { serveWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { loadSettings } from '../../src/system/settings.ts';

const MOST_MS = 60_000;

/** The text of a file with this number of subscribers, each with a subscription and a debt. */
function fileOf(count: number, creator: string): string {
  const lines: object[] = [];
  for (let n = 0; n < count; n++) {
    const agent = Keypair.generate();
    const id = `s${n}`;
    lines.push(
      {
        kind: 'subscriber',
        id,
        agentWallet: agent.publicKey.toBase58(),
        agentSecretKey: base58Text(agent.secretKey),
        subAccountIds: [0],
      },
      {
        kind: 'subscription',
        id: `${id}-1`,
        subscriber: id,
        subAccountId: 0,
        creatorWallet: creator,
        shareBps: 1_000,
        open: 'charged',
      },
      { kind: 'debt', id: `iou-${n}`, subscriber: id, subscription: `${id}-1`, amount: '1468501' },
    );
  }
  return lines.map((each) => JSON.stringify(each)).join('\n');
}

export async function benchImport(): Promise<boolean> {
  const count = Number(process.env.IMPORT ?? 10_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-import-'));
  const postgres = await openPostgres({ folder, clock, log });
  const world = await serveWorld({ programFile: null, clock, heliusApiKey: 'bench' });
  const given = loadSettings({
    BAILIFF_NETWORK: 'local',
    DATABASE_URL: postgres.url,
    BAILIFF_RPC_URL: world.chain.rpcUrl,
    BAILIFF_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  });
  const parts = await openParts(given, clock, log, { daemon: true });
  try {
    const text = fileOf(count, Keypair.generate().publicKey.toBase58());
    const run = async (dryRun: boolean) => {
      const begun = performance.now();
      const bring = createImport({ ...parts, payable: createPayable(parts) });
      const report = await bring(bundlesOf(rowsIn(text), redaction), { dryRun });
      return { ms: performance.now() - begun, report };
    };
    const tried = await run(true);
    const written = await run(false);
    const again = await run(false);
    const said = ({ ms, report }: typeof tried): string =>
      `${(ms / 1_000).toFixed(1)} s, ${report.debts.added} added, ${report.debts.known} known, ${report.refused.length} refused`;
    process.stdout.write(
      `import of ${count} subscribers: dry run ${said(tried)}; written ${said(written)}; again ${said(again)}\n`,
    );
    return written.report.debts.added === count && (count > 10_000 || written.ms < MOST_MS);
  } finally {
    await parts.sql.end({ timeout: 5 });
    await world.close();
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
