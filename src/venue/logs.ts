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

// Offsets and character codes of the runtime's own lines, which have these forms: `Program ID
// invoke [N]`, `Program ID success`, `Program ID failed: …`, `Program ID consumed N of M compute
// units`, `Program log: …`, `Program data: …`, `Program return: …`, `Log truncated`.
const WORD = 'Program '.length;
const ID_LEAST = 32;
const [P, L, LOWER_L, LOWER_D, COLON, BRACKET, LOWER_S, LOWER_I, BLANK] = [
  80, 76, 108, 100, 58, 93, 115, 105, 32,
] as const;
const INVOKE = ' invoke [1]'.length;
const SUCCESS = ' success'.length;

const SCRATCH = Buffer.alloc(2_048);
const SCRATCH_VIEW = new DataView(SCRATCH.buffer, SCRATCH.byteOffset, SCRATCH.byteLength);

function readPayload(records: RecordReaders, line: string, from: number): VenueEvent | null {
  if (!records.mayBeRecord(line, from)) return null;
  const length = SCRATCH.write(line.slice(from), 'base64');
  return records.decodeIn(SCRATCH, SCRATCH_VIEW, length);
}

/**
 * The index at which the payload of a `log: ` or `data: ` line begins; 0 for any other line. A
 * program id contains no colon, so the test cannot take an id for a payload.
 */
function payloadAt(line: string): number {
  const first = line.charCodeAt(WORD);
  if (first === LOWER_L) return line.charCodeAt(WORD + 3) === COLON ? WORD + 5 : 0;
  if (first === LOWER_D) return line.charCodeAt(WORD + 4) === COLON ? WORD + 6 : 0;
  return 0;
}

/**
 * The events that one program wrote, in order; null when the log was cut and may miss some. Lines
 * of other programs, another venue's included, are skipped.
 */
export function readLogs(
  records: RecordReaders,
  lines: readonly string[],
  programId: string,
): LoggedEvent[] | null {
  const events: LoggedEvent[] = [];
  // For each frame of the stack: the index of the venue's call, or -1 for another program's call.
  const venueCalls: number[] = [];
  const first = programId.charCodeAt(0);
  let depth = 0;
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
    const { length } = line;
    const last = line.charCodeAt(length - 1);
    if (last === BRACKET) {
      const word = length - INVOKE;
      if (word < WORD + ID_LEAST || line.charCodeAt(word + 1) !== LOWER_I) continue;
      if (depth === 0) {
        instruction++;
        calls = 0;
      } else calls++;
      top = line.charCodeAt(WORD) === first && line.startsWith(programId, WORD) ? calls : -1;
      venueCalls[depth++] = top;
    } else if (
      (last === LOWER_S &&
        line.charCodeAt(length - 2) === LOWER_S &&
        line.charCodeAt(length - SUCCESS) === BLANK) ||
      (depth > 0 && last !== LOWER_S && line.includes(' failed', WORD + ID_LEAST))
    ) {
      if (depth > 0) depth--;
      top = depth === 0 ? -1 : (venueCalls[depth - 1] ?? -1);
    }
  }
  return events;
}
