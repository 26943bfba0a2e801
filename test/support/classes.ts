// Classes: a plain outflow, and the class of each outflow by its key.
import type { Clearance } from '../../src/core/clearance.ts';
import type { Outflow } from '../../src/core/fact.ts';
import {
  classify,
  type HeardOutflow,
  type OutflowClass,
  type OutflowContext,
} from '../../src/core/outflow.ts';
import { type Quotes, quotesOf, USDC } from '../../src/core/token.ts';
import { QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';

/** USDC, the quote token of drift-v2. */
export const QUOTES = quotesOf([{ ...USDC, mint: QUOTE_MINT }]);
/** A withdrawal of 100 base units of USDC, which the agent signed. */
export const WITHDRAWAL: Outflow = {
  kind: 'outflow',
  route: 'withdraw',
  amount: 100n,
  mint: QUOTE_MINT,
  decimals: 6,
  destination: null,
  internal: false,
  owner: null,
  ofValue: true,
  consent: 'agent',
  signers: [],
  usd: 100n,
};

const NOBODY: OutflowContext = { creators: new Set(), appointed: new Set() };

export const classifyOutflows = (
  outflows: readonly HeardOutflow[],
  clearances: readonly Clearance[],
  quotes: Quotes,
  context: OutflowContext = NOBODY,
): ReadonlyMap<string, OutflowClass> => classify(outflows, clearances, quotes, context).classes;
