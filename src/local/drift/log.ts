// Log: reads the records that the venue itself wrote into a transaction's log, by its published
// interface. Any program may print the bytes of a record, so a line counts only while the venue is
// on top of the invoke stack.
import { DRIFT } from './addresses.ts';
import { readEvent, type Struct } from './layout.ts';

const PAYLOAD = /^Program (?:log|data): ([A-Za-z0-9+/]+=*)$/;
const INVOKED = /^Program (\w+) invoke \[\d+\]$/;
const RETURNED = /^Program \w+ (?:success|failed: .*)$/;

/**
 * Replaces the base64 payload of every line that the venue wrote. `replace` returns null to leave a
 * line as it is.
 */
export function mapPayloads(
  logs: readonly string[],
  replace: (payload: Buffer) => Buffer | null,
): string[] {
  const programs: string[] = [];
  return logs.map((line) => {
    const program = INVOKED.exec(line)?.[1];
    if (program !== undefined) programs.push(program);
    else if (RETURNED.test(line)) programs.pop();
    const text = PAYLOAD.exec(line)?.[1];
    if (text === undefined || programs.at(-1) !== DRIFT.toBase58()) return line;
    const replaced = replace(Buffer.from(text, 'base64'));
    if (replaced === null) return line;
    return `${line.slice(0, line.length - text.length)}${replaced.toString('base64')}`;
  });
}

/** Every record in a log, of any kind, with the fields that it has. */
export function eventsIn(logs: readonly string[]): { name: string; fields: Struct }[] {
  const found: { name: string; fields: Struct }[] = [];
  mapPayloads(logs, (payload) => {
    const event = readEvent(payload);
    if (event !== null) found.push(event);
    return null;
  });
  return found;
}
