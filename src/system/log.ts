// Log: pino lines with the event's name first. Keys, secrets and API keys inside URLs never reach them.
import pino from 'pino';
import type { Log } from '../core/ports.ts';

/** Whatever stands under such a name is left out, however it is written. */
const SECRET_FIELD =
  /secret|password|authorization|api[-_]?keys?$|master[-_]?key|sponsor[-_]?key|sealed|database[-_]?url|cookie/i;
/** What is secret wherever it stands in a text, and what is shown in its place. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/([?&](?:api-key|api_key|apikey|token|key|secret)=)[^&\s"']+/gi, '$1…'],
  [/(\w+:\/\/[^:@/\s]+:)[^@\s]+@/g, '$1…@'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 …'],
  [/\bwhsec_[\w+/=-]+/g, 'whsec_…'],
  [/\b(bailiff_[a-z0-9]+_)[\w-]{16,}/g, '$1…'],
  // A keypair as the Solana CLI writes it.
  [/\[\s*(?:\d{1,3}\s*,\s*){31,}\d{1,3}\s*\]/g, '[…]'],
];

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string')
    return SECRET_TEXTS.reduce((text, [pattern, shown]) => text.replace(pattern, shown), value);
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

/** Opens the log at a level, on standard output or where `destination` says. */
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
    (event: string, fields: Record<string, unknown> = {}) =>
      logger[name](plain(fields) as object, event);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** A log that keeps nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
