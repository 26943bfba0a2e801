// Strain by kills: the daemon is killed with SIGKILL at random moments under webhooks, again and
// again. Every body that was acknowledged is in the ledger.
import { systemClock as clock } from '../../src/system/clock.ts';
import { sendDeliveries } from './deliveries.ts';
import { median } from './load.ts';
import { openOwnDaemon } from './own-daemon.ts';

const KILLS = 10;
const CONNECTIONS = 16;
const never = new AbortController().signal;

/** Returns a sentence for each promise that was broken. */
export async function measureKills(): Promise<string[]> {
  const own = await openOwnDaemon({});
  await own.start();
  const deliveries = sendDeliveries(own, CONNECTIONS);
  const backMs: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await clock.sleep(1_000 + 2_000 * clock.random(), never);
    const since = performance.now();
    await own.end('SIGKILL');
    await own.start();
    backMs.push(performance.now() - since);
  }
  await clock.sleep(1_000, never);
  const { code, ms } = await own.end('SIGTERM');
  await deliveries.stop();
  const lost = await deliveries.lost();
  await own.close();
  process.stdout.write(
    `kills: ${KILLS} x SIGKILL under ${CONNECTIONS} connections; ${deliveries.sent()} bodies sent, ${deliveries.acknowledged()} acknowledged, ${lost.length} of them lost; ready again after ${(median(backMs) / 1_000).toFixed(1)} s (median); SIGTERM under load: exit ${code} after ${ms} ms\n`,
  );
  return [
    ...(lost.length > 0 ? [`${lost.length} acknowledged bodies are lost`] : []),
    ...(code === 0 ? [] : [`SIGTERM under load ended with ${code}`]),
  ];
}
