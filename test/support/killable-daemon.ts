// Killable daemon: the real daemon, which kills itself with SIGKILL right after a step. Steps are
// its own log events, so production code knows nothing of this. A line on standard input names the
// step; the daemon answers it with `armed STEP`.
import '../../src/system/native-warning.ts';
import { createInterface } from 'node:readline';
import { startApp } from '../../src/app.ts';
import type { Log } from '../../src/core/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { openLog } from '../../src/system/log.ts';
import { loadSettings, processEnvironment } from '../../src/system/settings.ts';

const settings = loadSettings(processEnvironment());
const log = openLog('info');

let killAt: string | null = null;
createInterface({ input: process.stdin }).on('line', (step) => {
  killAt = step;
  process.stdout.write(`armed ${step}\n`);
});

/** Dies at the event, before another line of the program runs. */
const watchful =
  (write: Log['info']): Log['info'] =>
  (event, fields) => {
    write(event, fields);
    if (event === killAt) process.kill(process.pid, 'SIGKILL');
  };
const deadly: Log = {
  debug: watchful(log.debug),
  info: watchful(log.info),
  warn: watchful(log.warn),
  error: watchful(log.error),
};

const app = await startApp(settings, systemClock, deadly);
process.stdout.write(`ready ${app.url}\n`);
process.once('SIGTERM', () => {
  void app.close().then(() => process.exit(0));
});
