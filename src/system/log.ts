// Log: writes log lines with pino, under the event's name. Keys, secrets and API keys inside URLs
// are replaced before a line is written.
import pino from 'pino';
import type { Log } from '../core/ports.ts';
import { withoutSecretText } from '../core/redaction.ts';

/** The value of a field with such a name is replaced by `…`. */
const SECRET_FIELD =
  /secret|password|authorization|api[-_]?keys?$|master[-_]?key|sponsor[-_]?key|sealed|database[-_]?url|cookie/i;
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return withoutSecretText(value);
  if (value instanceof Error) {
    return {
      name: value.name,
      message: plain(value.message),
      stack: plain(value.stack ?? ''),
      ...(value.cause === undefined ? {} : { cause: plain(value.cause) }),
    };
  }
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) {
    const bytes = value.length >= 32 && value.every((each) => Number.isInteger(each));
    return bytes ? `${value.length} numbers` : value.map(plain);
  }
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name,
        SECRET_FIELD.test(name) ? '…' : plain(each),
      ]),
    );
  }
  return value;
}

/** Opens the log at a level, on standard output or at `destination`. */
export function openLog(level: string, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { pid: process.pid },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const logger =
    destination === undefined
      ? pino(options, pino.destination({ sync: true }))
      : pino(options, destination);
  const write =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: Record<string, unknown> = {}): void => {
      if (logger.isLevelEnabled(name)) logger[name](plain(fields) as object, event);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** A log that writes nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
