// Rpc usage: reports how many credits the calls of this month cost, by source, method and node, and
// whether the budget lasts.
import { type Finding, fine } from '../core/doctor-finding.ts';
import type { Clock } from '../core/ports.ts';
import { monthAt, type RpcBudget } from '../core/rpc-budget.ts';
import { PRICES_AS_OF } from '../core/rpc-price.ts';
import type { RpcUsage } from '../core/rpc-usage-ports.ts';
import { budgetFindings } from '../flows/rpc-budget.ts';
import type { Sql } from '../ledger/database.ts';
import { createRpcUsageBook } from '../ledger/rpc-usage.ts';

/** The rows of each kind that the doctor names, the dearest first. */
const NAMED = 5;

/** The credits by one label, the dearest first, as text. */
function sumsBy(usage: readonly RpcUsage[], labelOf: (each: RpcUsage) => string): string {
  const sums = new Map<string, number>();
  for (const each of usage) sums.set(labelOf(each), (sums.get(labelOf(each)) ?? 0) + each.credits);
  const sorted = [...sums].toSorted(([, one], [, other]) => other - one);
  const more = sorted.length > NAMED ? `, ${sorted.length - NAMED} more` : '';
  return `${sorted
    .slice(0, NAMED)
    .map(([label, credits]) => `${label} ${credits}`)
    .join(', ')}${more}`;
}

/** The findings on what calls to nodes have cost this month. */
export async function ofRpcUsage(
  budget: RpcBudget,
  sql: Sql,
  clock: Pick<Clock, 'nowMs'>,
): Promise<Finding[]> {
  const { begins } = monthAt(clock.nowMs(), budget.monthBeginsOn);
  const usage = await createRpcUsageBook(sql).read(begins);
  if (usage.length === 0) return [fine('rpc usage', `no call is counted since ${begins}`)];
  const [row] = await sql<{ count: bigint }[]>`select count(*)::bigint as count from subscriber`;
  const credits = usage.reduce((sum, each) => sum + each.credits, 0);
  const calls = usage.reduce((sum, each) => sum + each.calls, 0);
  const subscribers = Number(row?.count ?? 0n);
  const each = subscribers === 0 ? '' : `, ${Math.round(credits / subscribers)} a subscriber`;
  const by = (what: string, labelOf: (each: RpcUsage) => string): Finding =>
    fine(`rpc usage by ${what}`, sumsBy(usage, labelOf));
  return [
    fine(
      'rpc usage',
      `since ${begins}, calls: ${calls}, credits: ${credits}${each} (prices of ${PRICES_AS_OF})`,
    ),
    by('source', ({ source }) => source),
    by('method', ({ method }) => method),
    by('node', ({ node }) => node),
    ...budgetFindings(budget, credits, [], clock.nowMs()),
  ];
}
