// Logs: which lines of a transaction's log the venue itself wrote. Any program can print any bytes, so a line counts
// only while the venue is on top of the invoke stack. Events are in `Program log:` lines as well as `Program data:`.
import { decodeEvent, type VenueEvent } from './events.ts';

const INVOKE = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) invoke \[(\d+)\]$/;
const ENDED = /^Program ([1-9A-HJ-NP-Za-km-z]{32,44}) (success|failed)/;
const PAYLOAD = /^Program (?:log|data): ([A-Za-z0-9+/]{11,}={0,2})$/;

/** An event with the index of the top-level instruction it came from. */
export type LoggedEvent = { readonly instruction: number; readonly event: VenueEvent };

/** The venue's events in order, or null when the log was cut and so cannot be trusted to be whole. */
export function readLogs(lines: readonly string[], programId: string): LoggedEvent[] | null {
  const stack: string[] = [];
  const events: LoggedEvent[] = [];
  let instruction = -1;
  for (const line of lines) {
    if (line.startsWith('Log truncated')) return null;
    const invoked = INVOKE.exec(line);
    if (invoked) {
      if (stack.length === 0) instruction++;
      stack.push(invoked[1] ?? '');
      continue;
    }
    if (ENDED.test(line)) {
      stack.pop();
      continue;
    }
    if (stack.at(-1) !== programId) continue;
    const payload = PAYLOAD.exec(line)?.[1];
    if (payload === undefined) continue;
    const event = decodeEvent(Buffer.from(payload, 'base64'));
    if (event !== null) events.push({ instruction, event });
  }
  return events;
}
