// Daemon: runs the real daemon in a process of its own, and starts it again on the same database
// and port whenever it dies, as a supervisor would.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../core/ports.ts';
import { processEnvironment } from '../system/settings.ts';
import { freePort } from './free-port.ts';

export type Daemon = {
  readonly url: string;
  readonly logFile: string;
  /** The path of the log and its last lines, for an error: the folder may be gone afterwards. */
  logEnd(): string;
  /** The id of the present process; it changes when the daemon is started again. */
  pid(): number | undefined;
  /**
   * Sends a request to the API, and waits while the daemon is being started again. Throws once
   * `deadlineMs` has passed.
   */
  ask<T>(method: 'GET' | 'POST', route: string, body?: unknown): Promise<T>;
  stop(): Promise<number | null>;
};

const MAIN = path.join(import.meta.dirname, '../main.ts');
const RETRY_MS = 100;
const ASK_MS_MOST = 120_000;
/** The characters of the log that an error ends with. */
const LOG_END_MOST = 4_000;

/** Starts the daemon with this environment and no other settings. */
export async function startDaemon(options: {
  env: Record<string, string>;
  logFile: string;
  clock: Clock;
  onDeath: (how: string) => void;
  /** Where the API listens; a free port unless given. */
  port?: number;
}): Promise<Daemon> {
  const { clock } = options;
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  mkdirSync(path.dirname(options.logFile), { recursive: true });
  const lines = createWriteStream(options.logFile, { flags: 'w' });
  const { PATH = '', NODE_COMPILE_CACHE } = processEnvironment();
  let stopping = false;
  let end = '';
  const logEnd = (): string => `The log is ${options.logFile}; it ends with:\n${end.trim()}`;
  let child: ChildProcess;

  const launch = (): ChildProcess => {
    const started = spawn(process.execPath, [MAIN, 'start'], {
      env: {
        PATH,
        ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
        BAILIFF_HTTP_PORT: String(port),
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const output of [started.stdout, started.stderr]) {
      output?.pipe(lines, { end: false });
      output?.on('data', (chunk: Buffer) => {
        end = (end + chunk.toString()).slice(-LOG_END_MOST);
      });
    }
    started.on('exit', (code, signal) => {
      if (stopping) return;
      options.onDeath(signal ?? `exit code ${code}`);
      child = launch();
    });
    return started;
  };
  child = launch();

  return {
    url,
    logFile: options.logFile,
    logEnd,
    pid: () => child.pid,
    async ask<T>(method: 'GET' | 'POST', route: string, body?: unknown): Promise<T> {
      const startedMs = clock.nowMs();
      for (;;) {
        try {
          const response = await fetch(url + route, {
            method,
            ...(body === undefined
              ? {}
              : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
          });
          const text = await response.text();
          if (response.status < 500) {
            if (!response.ok) throw new RangeError(`${method} ${route}: ${text}`);
            return JSON.parse(text) as T;
          }
        } catch (thrown) {
          if (thrown instanceof RangeError) throw thrown;
        }
        if (clock.nowMs() - startedMs > ASK_MS_MOST)
          throw new Error(`${method} ${route}: the daemon does not answer. ${logEnd()}`);
        await clock.sleep(RETRY_MS, new AbortController().signal);
      }
    },
    async stop() {
      stopping = true;
      const ended = new Promise<number | null>((resolve) =>
        child.once('exit', (code) => resolve(code)),
      );
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill('SIGTERM');
      const code = await ended;
      lines.end();
      return code;
    },
  };
}
