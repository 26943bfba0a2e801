// Answers: the text that is written by hand says what the view says.

import { expect, test } from 'vitest';
import type { Decision } from '../../src/core/roster.ts';
import { USDC } from '../../src/core/token.ts';
import { gateText, gateView } from '../../src/http/answers.ts';

const plain: Decision = {
  verdict: 'allow',
  allow: true,
  reason: 'In good "standing".\n',
  standing: 'good',
  outstanding: 12n,
  owed: [{ ...USDC, amount: 12n }],
  evidence: null,
  asOfSlot: 7,
  revision: 9n,
  stale: false,
  failOpen: false,
  owedForMs: 5,
  owedForMsMost: null,
};
const evidence = { signature: 's' as never, slot: 1, amount: 5n, what: 'x "y"', owedThen: 6n };

test.each<Decision>([
  plain,
  { ...plain, verdict: 'deny', allow: false, standing: 'delinquent', evidence },
  {
    ...plain,
    owedForMs: null,
    owedForMsMost: 9,
    standing: null,
    outstanding: null,
    asOfSlot: null,
    revision: null,
    stale: true,
  },
])('%#', (decision) => {
  expect(gateText(decision)).toBe(JSON.stringify(gateView(decision)));
  expect(gateText(decision)).toBe(JSON.stringify(gateView(decision)));
});
