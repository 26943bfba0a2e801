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
const INVOKE = ' invoke ['.length;
const SUCCESS = ' success'.length;
const FAILED = ' failed: ';
const WORD = 'Program '.length;
/** The places at which the id of a program can end: an address has 32 to 44 characters. */
const ID_ENDS = { least: WORD + 32, most: WORD + 44 } as const;
const [P, L, LOWER_D, LOWER_F, LOWER_I, LOWER_L, LOWER_S] = [
  80, 76, 100, 102, 105, 108, 115,
] as const;
const [BLANK, COLON, OPEN, CLOSE, ZERO, NINE] = [32, 58, 91, 93, 48, 57] as const;

/**
 * Whether the id of a program can end at this place. `return:`, and the first word of a sentence
 * such as `failed to complete`, have six letters, where an id goes on.
 */
function isIdEnd(line: string, at: number): boolean {
  const seventh = line.charCodeAt(WORD + 6);
  return at >= ID_ENDS.least && at <= ID_ENDS.most && seventh !== COLON && seventh !== BLANK;
}
/** The place at which the id of an invoked program ends; 0 for a line of another form. */
function invokedAt(line: string): number {
  // The height of a call has one digit or two.
  const one = line.length - 2 - INVOKE;
  const at = line.charCodeAt(one) === BLANK ? one : one - 1;
  const isInvoke =
    line.charCodeAt(at) === BLANK &&
    line.charCodeAt(at + 1) === LOWER_I &&
    line.charCodeAt(at + INVOKE - 1) === OPEN;
  return isInvoke && isIdEnd(line, at) ? at : 0;
}
/** The height of the call in a line whose program's id ends at this place; NaN for no number. */
function heightOf(line: string, idEnd: number): number {
  let height = 0;
  for (let at = idEnd + INVOKE; at < line.length - 1; at++) {
    const code = line.charCodeAt(at);
    if (code < ZERO || code > NINE) return Number.NaN;
    height = height * 10 + code - ZERO;
  }
  return height;
}

/**
 * The place at which the id ends in a line that says that its program ended; 0 for others. `topEnd`
 * is where the id on top of the stack ends: a failure of another program leaves that frame open.
 */
function endedAt(line: string, topEnd: number): number {
  const end = line.length - SUCCESS;
  const isSuccess =
    line.charCodeAt(line.length - 1) === LOWER_S &&
    line.charCodeAt(line.length - 2) === LOWER_S &&
    line.charCodeAt(end + 1) === LOWER_S &&
    line.charCodeAt(end) === BLANK;
  if (isSuccess && isIdEnd(line, end)) return end;
  if (line.charCodeAt(topEnd + 1) !== LOWER_F) return 0;
  return line.startsWith(FAILED, topEnd) && isIdEnd(line, topEnd) ? topEnd : 0;
}
/**
 * Whether two lines, in both of which the id of a program ends at this place, name the same one.
 * Only three characters are compared: the runtime alone writes these lines, so the ids differ only
 * when a line was lost.
 */
const isSame = (line: string, opened: string, idEnd: number): boolean =>
  line.charCodeAt(WORD) === opened.charCodeAt(WORD) &&
  line.charCodeAt(WORD + 1) === opened.charCodeAt(WORD + 1) &&
  line.charCodeAt(idEnd - 1) === opened.charCodeAt(idEnd - 1);

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
  // For each frame of the stack: the line that opened it, where the program's id ends there, and
  // the index of the venue's call, or -1 for a call of another program.
  const opened: string[] = [];
  const idEnds: number[] = [];
  const venueCalls: number[] = [];
  let depth = 0;
  const first = programId.charCodeAt(0);
  const ownEnd = WORD + programId.length;
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
    const invoked = line.charCodeAt(line.length - 1) === CLOSE ? invokedAt(line) : 0;
    if (invoked !== 0) {
      if (heightOf(line, invoked) !== depth + 1) return null;
      if (depth === 0) {
        instruction++;
        calls = 0;
      } else calls++;
      const isOwn =
        line.charCodeAt(WORD) === first && invoked === ownEnd && line.startsWith(programId, WORD);
      top = isOwn ? calls : -1;
      opened[depth] = line;
      idEnds[depth] = invoked;
      venueCalls[depth++] = top;
      continue;
    }
    const topEnd = depth === 0 ? 0 : (idEnds[depth - 1] as number);
    const ended = endedAt(line, topEnd);
    if (ended === 0) continue;
    if (ended !== topEnd || !isSame(line, opened[depth - 1] as string, ended)) return null;
    depth--;
    top = depth === 0 ? -1 : (venueCalls[depth - 1] as number);
  }
  return depth === 0 ? events : null;
}
