// Logs: which lines of a transaction count as the venue's own.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeEvent } from '../../src/local/drift/layout.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { arbitraryEvent } from '../support/sdk-oracle.ts';

describe('attribution', () => {
  const line = `Program log: ${Buffer.from(encodeEvent('SwapRecord', fc.sample(arbitraryEvent('SwapRecord'), 1)[0] ?? {})).toString('base64')}`;
  const other = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
  test('only lines the venue itself wrote count', () => {
    expect(
      readLogs(
        DRIFT_V2.records,
        [`Program ${other} invoke [1]`, line, `Program ${other} success`],
        PROGRAM_ID,
      ),
    ).toEqual([]);
    expect(
      readLogs(
        DRIFT_V2.records,
        [
          `Program ${PROGRAM_ID} invoke [1]`,
          `Program ${other} invoke [2]`,
          line,
          `Program ${other} success`,
          `Program ${PROGRAM_ID} success`,
        ],
        PROGRAM_ID,
      ),
    ).toEqual([]);
    const heard = readLogs(
      DRIFT_V2.records,
      [
        `Program ${other} invoke [1]`,
        `Program ${PROGRAM_ID} invoke [2]`,
        line,
        `Program ${PROGRAM_ID} success`,
        `Program ${other} success`,
      ],
      PROGRAM_ID,
    );
    expect(heard?.map((each) => each.instruction)).toEqual([0]);
  });
  test('a truncated log tells nothing, even if more lines follow', () => {
    expect(
      readLogs(
        DRIFT_V2.records,
        [`Program ${PROGRAM_ID} invoke [1]`, 'Log truncated', line],
        PROGRAM_ID,
      ),
    ).toBeNull();
  });
  test('a log line that claims to be an invocation does not fool the stack', () => {
    const forged = [
      `Program ${other} invoke [1]`,
      `Program log: Program ${PROGRAM_ID} invoke [2]`,
      line,
      `Program ${other} success`,
    ];
    expect(readLogs(DRIFT_V2.records, forged, PROGRAM_ID)).toEqual([]);
  });
});
