// Identity: as whom the embedded PostgreSQL runs when we are root, and what that user can reach.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../core/fault.ts';

export type Identity = { readonly uid: number; readonly gid: number };

/** The user PostgreSQL runs as when we are root: its own if the machine has one, else nobody. */
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

/** Whether every folder above a path lets other users through. */
export function reachableByOthers(target: string): boolean {
  for (let folder = path.resolve(target); ; folder = path.dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === path.dirname(folder)) return true;
  }
}
