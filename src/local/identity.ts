// Identity: the user that the embedded PostgreSQL runs as when this process is root, and the
// folders that this user can reach.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../core/fault.ts';

export type Identity = { readonly uid: number; readonly gid: number };

/**
 * The user that PostgreSQL runs as when this process is root: `postgres` if the machine has it,
 * else `nobody`. Null when this process is not root.
 */
export function otherUser(): Identity | null {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found =
    users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (found === undefined)
    throw new Fault(
      'local_world_failed',
      'PostgreSQL cannot run as root, and this machine has neither a postgres nor a nobody user. Set DATABASE_URL, or run as an ordinary user.',
    );
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/** Whether other users may pass every folder above a path. */
export function reachableByOthers(target: string): boolean {
  for (let folder = path.resolve(target); ; folder = path.dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === path.dirname(folder)) return true;
  }
}
