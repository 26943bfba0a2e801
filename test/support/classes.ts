// Classes: the class of each outflow, by its key.
import type { Clearance } from '../../src/core/clearance.ts';
import {
  classify,
  type HeardOutflow,
  type OutflowClass,
  type OutflowContext,
} from '../../src/core/outflow.ts';
import type { Quotes } from '../../src/core/token.ts';

const NOBODY: OutflowContext = { creators: new Set(), appointed: new Set() };

export const classifyOutflows = (
  outflows: readonly HeardOutflow[],
  clearances: readonly Clearance[],
  quotes: Quotes,
  context: OutflowContext = NOBODY,
): ReadonlyMap<string, OutflowClass> => classify(outflows, clearances, quotes, context).classes;
