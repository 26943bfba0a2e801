// Statement desk: the desk of statement links over a test ledger, with a number of booked shares,
// and a count of the statements that it puts to Postgres.
import { createVault } from '../../src/chain/vault.ts';
import type { StatementLink } from '../../src/core/statement.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createStatementDesk, type StatementPorts } from '../../src/flows/statements.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { createStatementRevocations } from '../../src/ledger/statement-revocations.ts';
import { createStatements } from '../../src/ledger/statements.ts';
import { silentLog } from '../../src/system/log.ts';
import { bring } from './brought.ts';
import { close, USDC } from './closes.ts';
import { addressOf, createTestLedger } from './ledger.ts';
import { servingOnly } from './venues.ts';

const DAY_MS = 86_400_000;

/** Opens a ledger in which Ana owes one brought debt, and a share of each of `closes` closes. */
export async function openStatements(closes: number) {
  const held = await createTestLedger();
  await held.ledger.watchList.adopt({
    address: addressOf(44),
    subscriberId: 'ana',
    subAccountId: 7,
    fromSlot: 1,
    nowMs: 0,
  });
  await bring(held, {
    held: { slot: 9, positions: [], open: 'free' },
    booksFrom: 10,
    debts: { 'iou-1': 5n * USDC },
  });
  for (let n = 1; n <= closes; n++) await close(held, 10 + n, 30n * USDC);
  while ((await accrueCloses(held.ledger, silentLog)).length > 0);
  let asked = 0;
  const sql = new Proxy(held.sql, {
    apply(target, self, given) {
      asked++;
      return Reflect.apply(target, self, given);
    },
  });
  /** The desk, some of whose ports a test replaces. */
  const deskOf = (ports: Partial<StatementPorts> = {}) =>
    createStatementDesk({
      ledger: createLedger(sql),
      statements: createStatements(sql),
      revocations: createStatementRevocations(sql),
      venues: servingOnly({ name: 'drift-v2', marketName: () => 'SOL-PERP' }),
      vault: createVault({ masterKey: new Uint8Array(32).fill(1), nextMasterKey: null }),
      nowMs: Date.now,
      ...ports,
    });
  return {
    ...held,
    deskOf,
    /** How many statements, and parts of statements, `read` makes. */
    async asks(read: () => Promise<unknown>): Promise<number> {
      const before = asked;
      await read();
      return asked - before;
    },
    /** A link to all that Ana owes. */
    link: (): StatementLink => ({
      of: 'subscriber',
      id: 'ana',
      sinceMs: 0,
      untilMs: Date.now() + DAY_MS,
      expiresAtMs: Date.now() + DAY_MS,
    }),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
