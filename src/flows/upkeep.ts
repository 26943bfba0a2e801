// Upkeep: loops that no payment waits for: what ended payments cost is read from the chain.
import type { Chain } from '../core/outside.ts';
import type { Ledger, Log } from '../core/ports.ts';
import { readCosts } from './costs.ts';
import type { Loop } from './loop.ts';

export type UpkeepPorts = { readonly ledger: Ledger; readonly chain: Chain; readonly log: Log };
export type StartLoop = (
  name: string,
  everyMs: number,
  work: (signal: AbortSignal) => Promise<void>,
) => Loop;

const COSTS_EVERY_MS = 10_000;

/** Starts the loops. `costs` is nudged when a payment has ended. */
export function startUpkeep(loop: StartLoop, ports: UpkeepPorts): { readonly costs: Loop } {
  return {
    costs: loop('costs', COSTS_EVERY_MS, async (signal) => {
      while (!signal.aborted && (await readCosts(ports, signal)));
    }),
  };
}
