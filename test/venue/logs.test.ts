// Logs: which lines of a transaction count as the venue's own.
import { TOKEN_PROGRAM_ID } from '@solana/spl-token';
import { TransactionInstruction } from '@solana/web3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { encodeEvent } from '../../src/local/drift/layout.ts';
import { createWorld } from '../../src/local/world.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { createManualClock } from '../support/clock.ts';
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

  const frames = (...inner: string[]) => [
    `Program ${other} invoke [1]`,
    `Program ${PROGRAM_ID} invoke [2]`,
    ...inner,
    `Program ${PROGRAM_ID} success`,
    `Program ${other} success`,
  ];
  const heard = (lines: readonly string[]) => readLogs(DRIFT_V2.records, lines, PROGRAM_ID);
  test('a line counts by its exact form: return data, a log, a consumption ends no call', () => {
    for (const told of [
      `Program return: ${other} failedAA`,
      `Program return: ${PROGRAM_ID} failed: `,
      `Program return: ${PROGRAM_ID} success`,
      `Program log: ${PROGRAM_ID} failed: custom program error: 0x1`,
      `Program ${PROGRAM_ID} consumed 5 of 200 compute units`,
      'Program consumption: 5 units remaining',
      'Program failed to complete: it ran out of success',
      `Program ${PROGRAM_ID} successes`,
      'Program is not deployed',
      `Program ${PROGRAM_ID} invoke [3] `,
    ])
      expect([told, heard(frames(told, line))?.map((each) => each.call)]).toEqual([told, [1]]);
  });
  test('a log whose lines do not nest is not whole, and tells nothing', () => {
    expect(heard(frames(line))).toHaveLength(1);
    const [whole, mine] = [frames(line), `Program ${PROGRAM_ID} success`];
    for (const broken of [
      whole.slice(1),
      whole.slice(0, -1),
      whole.filter((each) => each !== mine),
      [...whole, mine],
      frames(`Program ${other} failed: custom program error: 0x1`, line),
      frames(`Program ${other} invoke [2]`, line),
    ])
      expect([broken, heard(broken)]).toEqual([broken, null]);
    const failing = whole.map((each) => each.replace('success', 'failed: program error'));
    expect(heard(failing)).toHaveLength(1);
  });
});

test('the runtime writes return data as bytes that the caller chose, also by a program of the network', () => {
  const { driver } = createWorld({ programFile: null, clock: createManualClock() });
  // UiAmountToAmount of the token program returns the number that its text spells.
  const bytes = Buffer.concat([Buffer.from('failedAA', 'base64'), Buffer.alloc(2)]);
  const amount = bytes.readBigUInt64LE();
  const text = `${amount / 1_000_000n}.${String(amount % 1_000_000n).padStart(6, '0')}`;
  const asked = new TransactionInstruction({
    programId: TOKEN_PROGRAM_ID,
    keys: [{ pubkey: USDC, isSigner: false, isWritable: false }],
    data: Buffer.concat([Buffer.of(24), Buffer.from(text)]),
  });
  const { logs } = driver.send([asked], [driver.faucet]).execution;
  expect(logs).toContainEqual(
    expect.stringMatching(new RegExp(`^Program return: ${TOKEN_PROGRAM_ID.toBase58()} failedAA`)),
  );
  expect(readLogs(DRIFT_V2.records, logs, PROGRAM_ID)).toEqual([]);
});
