// Behind: starts work of a daemon while another transaction holds a lock for which it waits.
import { expect } from 'vitest';
import type { Sql, Transaction } from '../../src/ledger/database.ts';

/** Starts `work` while a transaction holds `lock`, which it gives up once `waiting` others wait. */
export const behind = async <T>(
  sql: Sql,
  { lock, waiting }: { lock: (tx: Transaction) => Promise<unknown>; waiting: number },
  work: () => Promise<T>,
): Promise<T> => {
  const { working } = await sql.begin(async (tx) => {
    await lock(tx);
    const started = { working: work() };
    const waits = async () => {
      // A transaction sees the activity of its first look until it forgets it.
      await tx`select pg_stat_clear_snapshot()`;
      return tx`select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    };
    await expect.poll(async () => (await waits()).length).toBe(waiting);
    return started;
  });
  return working;
};
