// Decode: our reading of logs and accounts against the SDK's, on the same bytes in the same run.
import * as sdk from '@drift-labs/sdk';
import fc from 'fast-check';
import {
  blankAccount,
  encodeAccount,
  encodeEvent,
  type Struct,
} from '../../src/local/drift/layout.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { arbitraryEvent, client } from '../support/sdk-oracle.ts';
import { compareCpu, report } from './measure.ts';

const { user: readUser } = DRIFT_V2.accounts;

const TRANSACTIONS = 200;
const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const OTHER = 'JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4';

/**
 * A log of 60 lines, as a relevant transaction writes it; without payloads it is an irrelevant one.
 */
function logOf(program: string, payloads: readonly string[]): string[] {
  const lines = [
    'Program ComputeBudget111111111111111111111111111111 invoke [1]',
    'Program ComputeBudget111111111111111111111111111111 success',
    `Program ${program} invoke [1]`,
    'Program log: Instruction: PlaceAndTakePerpOrder',
    ...payloads,
  ];
  while (lines.length < 57) {
    lines.push(
      `Program ${TOKEN} invoke [2]`,
      'Program log: Instruction: Transfer',
      `Program ${TOKEN} consumed 4645 of 180000 compute units`,
      `Program ${TOKEN} success`,
    );
  }
  return [
    ...lines,
    `Program ${program} consumed 140000 of 200000 compute units`,
    `Program ${program} success`,
  ];
}

function samples(): { relevant: string[][]; irrelevant: string[][] } {
  const draw = (name: string) =>
    fc
      .sample(arbitraryEvent(name), { numRuns: TRANSACTIONS, seed: 7 })
      .map((value) => Buffer.from(encodeEvent(name, value)).toString('base64'));
  const [deposits, orders, settles] = ['DepositRecord', 'OrderActionRecord', 'SwapRecord'].map(
    draw,
  );
  const relevant = Array.from({ length: TRANSACTIONS }, (_, index) =>
    logOf(PROGRAM_ID, [
      `Program data: ${deposits?.[index]}`,
      `Program log: ${orders?.[index]}`,
      `Program data: ${settles?.[index]}`,
    ]),
  );
  const irrelevant = Array.from({ length: TRANSACTIONS }, () => logOf(OTHER, []));
  // The keys are strings that came out of JSON, as in a webhook body.
  return JSON.parse(JSON.stringify({ relevant, irrelevant }));
}

/** A user with three deposits and three positions, and orders that a watcher does not need. */
function userAccount(): Uint8Array {
  const user = blankAccount('User');
  for (let slot = 0; slot < 3; slot++) {
    Object.assign(user.spotPositions[slot] as Struct, {
      marketIndex: slot,
      scaledBalance: 10n ** 12n,
    });
    Object.assign(user.perpPositions[slot] as Struct, {
      marketIndex: slot,
      baseAssetAmount: 10n ** 9n,
      quoteAssetAmount: -(10n ** 8n),
      quoteEntryAmount: -(10n ** 8n),
    });
  }
  for (let slot = 0; slot < 4; slot++)
    Object.assign(user.orders[slot] as Struct, {
      status: 'open',
      orderId: slot + 1,
      baseAssetAmount: 10n ** 9n,
    });
  return encodeAccount('User', user);
}

export function benchDecode(): boolean {
  const { relevant, irrelevant } = samples();
  const program = client.program as unknown as Parameters<typeof sdk.parseLogs>[0];
  const over = (logs: string[][], read: (lines: string[]) => { length: number } | null) => () => {
    let events = 0;
    for (const lines of logs) events += read(lines)?.length ?? 0;
    return events;
  };
  const ours = (lines: string[]) => readLogs(DRIFT_V2.records, lines, PROGRAM_ID);
  const theirs = (lines: string[]) => sdk.parseLogs(program, lines);
  if (over(relevant, ours)() !== over(relevant, theirs)())
    throw new Error('the two must find the same events');
  const bytes = Buffer.from(userAccount());
  return [
    report(
      `Decoding a relevant transaction: 60 log lines, 3 records, every field`,
      compareCpu(
        [
          { name: 'SDK parseLogs', work: over(relevant, theirs) },
          { name: 'Bailiff readLogs', work: over(relevant, ours), target: 18 },
        ],
        TRANSACTIONS,
      ),
    ),
    report(
      'Reading past an irrelevant transaction',
      compareCpu(
        [
          { name: 'SDK parseLogs', work: over(irrelevant, theirs) },
          { name: 'Bailiff readLogs', work: over(irrelevant, ours), target: 25 },
        ],
        TRANSACTIONS,
      ),
    ),
    report(
      'A User account: positions and status',
      compareCpu(
        [
          {
            name: 'SDK decodeUser',
            work: () => {
              for (let i = 0; i < 100; i++) sdk.decodeUser(bytes);
            },
          },
          {
            name: 'Bailiff readUser',
            work: () => {
              for (let i = 0; i < 100; i++) readUser(bytes);
            },
            target: 40,
          },
        ],
        100,
      ),
    ),
  ].every(Boolean);
}
