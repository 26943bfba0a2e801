// Node gauges: the figures of the RPC nodes, and of what calls to them cost.
import type { Parts } from './daemon-parts.ts';
import { type RpcCosts, SPARE } from './flows/rpc-budget.ts';
import type { Metrics } from './system/metrics.ts';

/** Registers one gauge. `name` follows the prefix `bailiff_`. */
export type Gauge = (
  name: string,
  help: string,
  labels: readonly string[],
  read: Parameters<Metrics['gauge']>[0]['read'],
) => void;

/** Registers the gauges of the pool of nodes and of its budget. */
export function installNodeGauges(
  gauge: Gauge,
  nodes: Pick<Parts['nodes'], 'pool'>,
  costs: Pick<RpcCosts, 'spent' | 'isGivenUp'>,
): void {
  const ofNodes =
    (read: (node: ReturnType<Parts['nodes']['pool']>[number]) => number) => async () =>
      nodes.pool().map((node) => ({ labels: { node: node.name }, value: read(node) }));
  gauge(
    'rpc_window',
    'Requests that may be under way at a node: `rpc`, `second rpc`, `rpc 3`; a 429 halves it.',
    ['node'],
    ofNodes(({ window }) => window),
  );
  gauge(
    'rpc_under_way',
    'Requests under way at a node.',
    ['node'],
    ofNodes(({ underWay }) => underWay),
  );
  gauge(
    'rpc_calls_per_second_most',
    'Calls a second that a node is sent at most, as learned from its answers 429; -1 before the first.',
    ['node'],
    ofNodes(({ callsPerSecond }) => callsPerSecond ?? -1),
  );
  gauge(
    'rpc_rests_seconds',
    'How long a node is not asked any more, because it failed or asked for a pause; else 0.',
    ['node'],
    ofNodes(({ restsMs }) => restsMs / 1_000),
  );
  gauge(
    'rpc_lag_slots',
    'Slots that a node was behind the others when it told its slot last; -1 before that, and for a node alone.',
    ['node'],
    ofNodes(({ lagSlots }) => lagSlots ?? -1),
  );
  gauge(
    'rpc_hedges',
    'Second requests that a node was sent since the start because another one was late, and how many of them it answered first.',
    ['node', 'outcome'],
    async () =>
      nodes.pool().flatMap(({ name: node, hedges, hedgesWon }) => [
        { labels: { node, outcome: 'won' }, value: hedgesWon },
        { labels: { node, outcome: 'lost' }, value: hedges - hedgesWon },
      ]),
  );
  gauge(
    'rpc_credits_spent',
    'Credits that calls to nodes have cost: of all daemons in the month of the plan, of this one in the last minute.',
    ['in'],
    async () =>
      Object.entries(costs.spent()).map(([span, value]) => ({ labels: { in: span }, value })),
  );
  gauge(
    'rpc_source_given_up',
    'Whether a source of calls is given up for the budget: 1 or 0.',
    ['source'],
    async () =>
      SPARE.map((source) => ({
        labels: { source },
        value: costs.isGivenUp(source) ? 1 : 0,
      })),
  );
}
