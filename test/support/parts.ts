// Parts: the parts of a daemon on the database and chain of a street, for tests of flows that run
// beside the daemon or without it.

import type { Clock } from '../../src/core/ports.ts';
import { openParts, type Parts } from '../../src/daemon-parts.ts';
import { silentLog } from '../../src/system/log.ts';
import type { Street } from './street.ts';

/** Opens the parts; their connections to Postgres are closed with `await using`. */
export async function partsOf(
  { settings }: Pick<Street, 'settings'>,
  clock: Clock,
): Promise<Parts & AsyncDisposable> {
  const parts = await openParts(settings, clock, silentLog, { daemon: false });
  return { ...parts, [Symbol.asyncDispose]: () => parts.sql.end() };
}
