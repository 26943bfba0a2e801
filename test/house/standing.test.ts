// Standing: the table of docs/standing.md, row by row: an act of that kind, heard and classed by
// the daemon's own code, counts as the row says and is signed by whom the row names.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { HeardOutflow } from '../../src/core/outflow.ts';
import { quotesOf, USDC } from '../../src/core/token.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { classifyOutflows } from '../support/classes.ts';
import type { Heard } from '../support/standing-heard.ts';
import { VENUE_ROWS } from '../support/standing-venue-rows.ts';
import { WALLET_ROWS } from '../support/standing-wallet-rows.ts';
import { openStage } from '../support/wallet-acts.ts';

const QUOTES = quotesOf([{ ...USDC, mint: QUOTE_MINT }]);

/** By the first column. */
const ROWS = { ...VENUE_ROWS, ...WALLET_ROWS };
const page = readFileSync(path.join(import.meta.dirname, '../../docs/standing.md'), 'utf8');
/** Event, who signed, counted as, why. */
const table = page
  .slice(page.indexOf('| event'))
  .split('\n\n')[0]
  ?.split('\n')
  .slice(2)
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, 5)
      .map((cell) => cell.trim().replaceAll('’', "'")),
  );
if (table === undefined) throw new Error('docs/standing.md has no table of events');

/** What an act counts as, in the words of the table. */
function countsAs({ facts, context, clearances, ours }: Heard): string {
  const outflows = facts.flatMap(({ body, signature, position }, index): HeardOutflow[] =>
    body.kind === 'outflow'
      ? [{ key: `${index}`, signature, slot: position.slot, ours: ours ?? false, body }]
      : [],
  );
  const known = { creators: new Set<string>(), appointed: new Set<string>(), ...context };
  const classes = classifyOutflows(outflows, clearances ?? [], QUOTES, known);
  // The class that matters most: what counts, then what is left over.
  const found = new Set(classes.values());
  if (found.has('outflow')) return 'outflow';
  const [first, ...others] = [...found].filter((each) => each !== 'internal' || found.size === 1);
  if (others.length > 0) return [first, ...others].sort().join(' and ');
  if (first !== undefined) return first;
  const control = new Set(['token_approved', 'token_authority_changed', 'delegate_changed']);
  return facts.some(({ body }) => body.kind === 'notice' && control.has(body.what))
    ? 'notice'
    : 'nothing';
}

test('the page has a row for every act that is played, and every row is played', () => {
  expect(table.map(([event]) => event).sort()).toEqual(Object.keys(ROWS).sort());
  for (const cells of table)
    expect(
      cells.every((cell) => cell !== ''),
      cells[0],
    ).toBe(true);
});

test.each(table)('%s', (event, signed, counted) => {
  const row = ROWS[event as string];
  if (row === undefined) throw new Error('no act is played for this row');
  // An act that is made by hand needs no stage.
  const heard = row(row.length === 0 ? (undefined as never) : openStage());
  expect(heard.length).toBeGreaterThan(0);
  for (const each of heard) {
    expect(countsAs(each)).toBe(counted);
    const byAgent = each.signers.includes(each.agent);
    if (signed === 'agent' || signed?.startsWith('agent, and')) expect(byAgent).toBe(true);
    else if (signed === 'a stranger' || signed?.startsWith('a delegate'))
      expect(byAgent).toBe(false);
    else
      expect(['any signer', 'agent or Drift delegate', 'Drift delegate, or agent']).toContain(
        signed,
      );
  }
});
