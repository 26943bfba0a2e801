// Clocks: compares the clocks of this machine, of Postgres and of the chain. The daemon uses the
// clock of Postgres, so a wrong clock of the machine affects only the times of its log lines. When
// Postgres and the chain differ, every age in the ledger is wrong.

import type { Chain } from '../core/chain-ports.ts';
import { type Finding, odd, wrong } from '../core/doctor-finding.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import { SKEW_MS_MOST } from '../core/ledger-clock.ts';
import type { Clock, Log, Probe } from '../core/ports.ts';

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

/** The time of the chain in milliseconds since 1970; null when a node does not show it. */
async function chainTimeMs(chain: Pick<Chain, 'accounts'>): Promise<number | null> {
  const { accounts } = await chain.accounts([SYSVAR_CLOCK]);
  const data = accounts[0]?.data;
  if (data === undefined || data.length < UNIX_TIME_AT + 8) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Number(view.getBigInt64(UNIX_TIME_AT, true)) * 1_000;
}

/**
 * Why ages by the clock of Postgres cannot be relied on now: the chain shows another time, or none.
 * Null when the two clocks differ by a minute at most.
 */
export async function ageDoubt(
  chain: Pick<Chain, 'accounts'>,
  probe: Pick<Probe, 'write'>,
): Promise<string | null> {
  try {
    const chainMs = await chainTimeMs(chain);
    if (chainMs === null) return 'The node does not show the clock of the chain.';
    const aheadMs = chainMs - (await probe.write());
    if (Math.abs(aheadMs) <= CHAIN_APART_MS_MOST) return null;
    return `The clock of the chain is ${secondsOf(aheadMs)} ${side(aheadMs)} that of Postgres.`;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.message;
    throw thrown;
  }
}

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
      const chainMs = await chainTimeMs(chain);
      if (chainMs === null) return;
      const wasApart = isApart();
      aheadMs = chainMs - clock.nowMs();
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
