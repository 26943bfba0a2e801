// Clocks: compares the clocks of this machine, of Postgres and of the chain. The daemon uses the
// clock of Postgres, so a wrong clock of the machine affects only the times of its log lines. When
// Postgres and the chain differ, every age in the ledger is wrong.

import type { Chain } from '../core/chain-ports.ts';
import { type Finding, odd, wrong } from '../core/doctor-finding.ts';
import type { Address } from '../core/ids.ts';
import { SKEW_MS_MOST } from '../core/ledger-clock.ts';
import type { Clock, Log } from '../core/ports.ts';

export type ClockWatch = {
  /** Reads the time of the chain. Throws `rpc_unavailable`. */
  look(): Promise<void>;
  /** The clocks that a person should correct. */
  findings(): readonly Finding[];
  /** How far the chain's clock was ahead of that of Postgres; null before the first look. */
  chainAheadMs(): number | null;
};

const SYSVAR_CLOCK = 'SysvarC1ock11111111111111111111111111111111' as Address;
/** In the account's data: slot, epoch start, epoch, leader schedule epoch, then seconds (i64). */
const UNIX_TIME_AT = 32;
/**
 * The chain's clock is the median of the validators' votes, and the network lets it drift from real
 * time by some seconds.
 */
const CHAIN_APART_MS_MOST = 60_000;

const secondsOf = (ms: number): string => `${Math.round(Math.abs(ms) / 1_000)} s`;
const side = (aheadMs: number): string => (aheadMs > 0 ? 'ahead of' : 'behind');

/**
 * Creates the watch. `skewMs` gives how far this machine's clock is ahead of that of Postgres; null
 * if unknown.
 */
export function createClockWatch(
  { chain, clock, log }: { chain: Pick<Chain, 'accounts'>; clock: Clock; log: Log },
  skewMs: () => number | null,
): ClockWatch {
  let aheadMs: number | null = null;
  const isApart = (): boolean => Math.abs(aheadMs ?? 0) > CHAIN_APART_MS_MOST;
  return {
    async look() {
      const { accounts } = await chain.accounts([SYSVAR_CLOCK]);
      const data = accounts[0]?.data;
      if (data === undefined || data.length < UNIX_TIME_AT + 8) return;
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const wasApart = isApart();
      aheadMs = Number(view.getBigInt64(UNIX_TIME_AT, true)) * 1_000 - clock.nowMs();
      if (isApart() && !wasApart) log.warn('clock.chain_apart', { aheadMs });
      if (!isApart() && wasApart) log.info('clock.chain_agrees', { aheadMs });
    },
    findings() {
      const found: Finding[] = [];
      const skew = skewMs() ?? 0;
      if (Math.abs(skew) > SKEW_MS_MOST)
        found.push(
          odd(
            'clock',
            `the clock of this machine is ${secondsOf(skew)} ${side(skew)} that of Postgres, by which the daemon goes`,
            'Let NTP set the clock of this machine.',
          ),
        );
      if (aheadMs !== null && isApart())
        found.push(
          wrong(
            'clock',
            `the clock of the chain is ${secondsOf(aheadMs)} ${side(aheadMs)} that of Postgres`,
            'Let NTP set the clock of the machine of Postgres. When that is right, the RPC node is behind: see BailiffRpcErrors.',
          ),
        );
      return found;
    },
    chainAheadMs: () => aheadMs,
  };
}
