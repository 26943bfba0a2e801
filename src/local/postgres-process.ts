// Postgres process: runs the programs of PostgreSQL as another user of the machine, and ends its
// server with the process that started it.
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import path from 'node:path';
import { Fault } from '../core/fault.ts';
import type { Identity } from './identity.ts';

/** Runs a program to its end. Throws `local_world_failed` with its output when it fails. */
export function run(
  command: string,
  args: readonly string[],
  identity: Identity | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...identity,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve()
        : reject(
            new Fault('local_world_failed', `${path.basename(command)} failed: ${output.trim()}`),
          ),
    );
  });
}

/** Whether a process runs, also one of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Asks a server to stop without waiting for its clients. */
export function stopServer(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // The server has already ended.
  }
}

/** Stops the server when this process's end of a pipe closes, which happens even after kill -9. */
export function startWatchdog(serverPid: number): ChildProcess {
  const script = `trap '' INT TERM HUP; cat >/dev/null; kill -INT ${serverPid} 2>/dev/null`;
  const watchdog = spawn('/bin/sh', ['-c', script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  watchdog.unref();
  // The pipe must not keep this process alive, because the watchdog waits for its end.
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  return watchdog;
}
