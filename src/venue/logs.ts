// Logs: finds the lines of a transaction's log that the venue itself wrote, and the call that wrote
// each. Any program can print any bytes, so a line counts only while the venue is on top of the
// invoke stack. A program cannot forge the stack: its lines always begin with `Program log: `,
// `Program data: ` or `Program return: `. Events stand in `Program log:` as well as `Program data:`
// lines.
import type { RecordReaders, VenueEvent } from './records.ts';

/**
 * An event and the call that wrote it. `instruction` counts the top-level instructions that leave
 * lines in the log, from 0.
 */
export type LoggedEvent = {
  readonly instruction: number;
  /** 0 is the top-level instruction itself, n the n-th call below it. */
  readonly call: number;
  readonly event: VenueEvent;
};

// The runtime's own lines have these forms, and no others count: `Program ID invoke [N]`, `Program
// ID success`, `Program ID failed: …`, `Program log: …`, `Program data: …`, `Log truncated`. Two
// more begin with the same word and tell nothing here: `Program ID consumed N of M compute units`
// and `Program return: ID …`. A caller chooses the bytes of the last, which may read ` failed` in
// base64.
const LOG = 'Program log: ';
const DATA = 'Program data: ';
const INVOKED = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) invoke \[([1-9]\d*)\]$/;
const ENDED = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) (?:success$|failed: )/;
const WORD = 'Program '.length;
const [P, L, LOWER_L, LOWER_D, BRACKET] = [80, 76, 108, 100, 93] as const;

const SCRATCH = Buffer.alloc(2_048);
const SCRATCH_VIEW = new DataView(SCRATCH.buffer, SCRATCH.byteOffset, SCRATCH.byteLength);

function readPayload(records: RecordReaders, line: string, from: number): VenueEvent | null {
  if (!records.mayBeRecord(line, from)) return null;
  const length = SCRATCH.write(line.slice(from), 'base64');
  return records.decodeIn(SCRATCH, SCRATCH_VIEW, length);
}

/** The index at which the payload of a `log: ` or `data: ` line begins; 0 for any other line. */
function payloadAt(line: string): number {
  const first = line.charCodeAt(WORD);
  if (first === LOWER_L) return line.startsWith(LOG) ? LOG.length : 0;
  if (first === LOWER_D) return line.startsWith(DATA) ? DATA.length : 0;
  return 0;
}

/**
 * The events that one program wrote, in order; null when the log was cut and may miss some, and
 * when its lines do not nest as the runtime nests calls, because a line is missing then. Lines of
 * other programs, another venue's included, are skipped.
 */
export function readLogs(
  records: RecordReaders,
  lines: readonly string[],
  programId: string,
): LoggedEvent[] | null {
  const events: LoggedEvent[] = [];
  // For each frame of the stack: its program, and the index of the venue's call, or -1 for a call
  // of another program.
  const programs: string[] = [];
  const venueCalls: number[] = [];
  let top = -1;
  let instruction = -1;
  let calls = 0;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line.charCodeAt(0) !== P) {
      if (line.charCodeAt(0) === L && line.startsWith('Log truncated')) return null;
      continue;
    }
    const payload = payloadAt(line);
    if (payload !== 0) {
      if (top < 0) continue;
      const event = readPayload(records, line, payload);
      if (event !== null) events.push({ instruction, call: top, event });
      continue;
    }
    const depth = programs.length;
    if (line.charCodeAt(line.length - 1) === BRACKET) {
      const [, program, height] = INVOKED.exec(line) ?? [];
      if (program === undefined) continue;
      if (Number(height) !== depth + 1) return null;
      if (depth === 0) {
        instruction++;
        calls = 0;
      } else calls++;
      top = program === programId ? calls : -1;
      programs.push(program);
      venueCalls.push(top);
      continue;
    }
    const ended = ENDED.exec(line)?.[1];
    if (ended === undefined) continue;
    if (programs.pop() !== ended) return null;
    venueCalls.pop();
    top = venueCalls.at(-1) ?? -1;
  }
  return programs.length === 0 ? events : null;
}
