// Endings: the flow that ends debts, beside a chain whose clock a test sets.
import { SYSTEM_PROGRAM } from '../../src/core/programs.ts';
import { createEndings, type EndingPorts, type Endings } from '../../src/flows/ending.ts';

/** The endings; the clock of their chain is so many milliseconds ahead of that of Postgres. */
export const endingsOf = (ports: Omit<EndingPorts, 'chain'>, aheadMs = () => 0): Endings =>
  createEndings({
    ...ports,
    chain: {
      async accounts() {
        const data = new Uint8Array(40);
        const chainMs = (await ports.ledger.probe.write()) + aheadMs();
        new DataView(data.buffer).setBigInt64(32, BigInt(Math.floor(chainMs / 1_000)), true);
        return { slot: 1, accounts: [{ owner: SYSTEM_PROGRAM, lamports: 1n, data }] };
      },
    },
  });
