// Velocity recording: every Velocity scenario, played on the compiled program, or on the stand-in,
// with the same keys each time, and the accounts of the venue as the program left them.
import type { ChainAccount } from '../../src/core/chain-ports.ts';
import { PROGRAM } from '../../src/local/velocity/genesis.ts';
import { createVelocityWorld } from '../../src/local/velocity/world.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { createManualClock } from './clock.ts';
import { keepWhile, type Recorded, type Recording, seededKeys } from './recording.ts';
import { openVelocityStage, VELOCITY_SCENARIOS } from './velocity-scenarios.ts';

/**
 * Plays everything that is recorded; on the stand-in without a file. The accounts are those after
 * the first scenario.
 */
export function recordVelocity(programFile: string | null): Recording {
  const histories: Record<string, Recorded[]> = {};
  const accounts: Record<string, Uint8Array> = {};
  let seed = 101;
  for (const [name, play] of Object.entries(VELOCITY_SCENARIOS)) {
    const world = createVelocityWorld({
      programFile,
      clock: createManualClock(),
      newKey: seededKeys(seed),
    });
    let owner = '';
    histories[name] = keepWhile(world.cluster, PROGRAM.toBase58(), seed++, () => {
      const stage = openVelocityStage(world);
      owner = stage.ana.agent.publicKey.toBase58();
      play(stage);
    });
    const { addresses } = VELOCITY;
    for (const [kind, address] of [
      ['State', addresses.state],
      ['SpotMarket', addresses.spotMarket(0)],
      ['PerpMarket', addresses.perpMarket(0)],
      ['UserStats', addresses.userStats(owner as ChainAccount['owner'])],
    ] as const)
      accounts[kind] ??= world.cluster.bank.get(address)?.data ?? new Uint8Array();
  }
  return { build: '2026-07', histories, accounts };
}
