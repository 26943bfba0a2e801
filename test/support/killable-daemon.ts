// Killable daemon: the real daemon, which kills itself with SIGKILL right after a named step. Steps
// are its own log events, so production code knows nothing of this.
import '../../src/system/native-warning.ts';
import { startApp } from '../../src/app.ts';
import type { Log } from '../../src/core/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { openLog } from '../../src/system/log.ts';
import { loadSettings, processEnvironment } from '../../src/system/settings.ts';

const { KILL_AT, ...environment } = processEnvironment();
const settings = loadSettings(environment);
const log = openLog('info');

/** Dies at the event, before another line of the program runs. */
const watchful =
  (write: Log['info']): Log['info'] =>
  (event, fields) => {
    write(event, fields);
    if (event === KILL_AT) process.kill(process.pid, 'SIGKILL');
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
