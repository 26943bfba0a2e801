// Engine: the loop of a copy-trading engine around the gate client: for every signal of a creator
// it asks, for each copier, whether the trade may be copied. In your own project import from
// '@bailiff/gate-client'. As TypeScript the file runs on Node 24.
//
//   BAILIFF_URL=http://127.0.0.1:8080 BAILIFF_API_KEY=… node examples/engine.ts ana bo
import { type Action, createGateClient } from '../src/gate-client/client.ts';

/**
 * A creator's trade, and who copies them. In an engine these come from its own feed and its own
 * database.
 */
export type Signal = { readonly action: Action; readonly copiers: readonly string[] };

/**
 * What becomes of one signal: who copies it, and why the others do not. Reducing and closing are
 * never held up.
 */
export function route(
  gate: Pick<ReturnType<typeof createGateClient>, 'decide'>,
  signal: Signal,
): { copied: string[]; skipped: { copier: string; why: string }[] } {
  const copied: string[] = [];
  const skipped: { copier: string; why: string }[] = [];
  for (const copier of signal.copiers) {
    const { allow, reason } = gate.decide(copier, signal.action);
    if (allow) copied.push(copier);
    else skipped.push({ copier, why: reason });
  }
  return { copied, skipped };
}

async function main(): Promise<void> {
  const { BAILIFF_URL: url = 'http://127.0.0.1:8080', BAILIFF_API_KEY: apiKey } = process.env;
  const gate = createGateClient({
    url,
    apiKey,
    onState: (state, why) => process.stderr.write(`gate ${state}: ${why}\n`),
  });
  await gate.ready({ timeoutMs: 30_000 });
  for (const action of ['open', 'close'] as const)
    process.stdout.write(
      `${JSON.stringify({ action, ...route(gate, { action, copiers: process.argv.slice(2) }) })}\n`,
    );
  gate.close();
}

if (import.meta.main) await main();
