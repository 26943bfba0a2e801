// Gauges: what the daemon's metrics read of its parts, each by name.
import type { Address } from './core/ids.ts';
import type { Clock } from './core/ports.ts';
import type { Roster } from './core/roster.ts';
import type { Lanes } from './flows/lanes.ts';
import type { Publisher } from './flows/publish.ts';
import type { Sources } from './flows/sources.ts';
import type { Parts } from './parts.ts';
import type { Metrics } from './system/metrics.ts';

export type GaugeParts = {
  readonly parts: Parts;
  readonly roster: Roster;
  readonly publisher: Publisher;
  readonly lanes: Lanes;
  readonly sources: Sources;
  readonly clock: Clock;
};

const LAMPORTS_A_SOL = 1e9;
const one = (value: number) => [{ labels: {}, value }];

export function installGauges(metrics: Metrics, given: GaugeParts): void {
  const { parts, roster, publisher, lanes, sources, clock } = given;
  const { ledger, chain, pen } = parts;
  const gauge = (
    name: string,
    help: string,
    labels: readonly string[],
    read: Parameters<Metrics['gauge']>[0]['read'],
  ): void => metrics.gauge({ name: `bailiff_${name}`, help, labels, read });

  gauge('debts', 'Profit shares by status.', ['status'], async () =>
    (await ledger.shares.totals()).map(({ status, count }) => ({
      labels: { status },
      value: count,
    })),
  );
  gauge('debts_base_units', 'What is not paid of them, in USDC base units.', ['status'], async () =>
    (await ledger.shares.totals()).map(({ status, left }) => ({
      labels: { status },
      value: Number(left),
    })),
  );
  gauge('debt_oldest_seconds', 'Age of the oldest debt that is open.', [], async () =>
    one(((await ledger.shares.oldestOpenMs(clock.nowMs())) ?? 0) / 1_000),
  );
  gauge('payments', 'Payments by state.', ['state'], async () =>
    (await ledger.payments.totals()).map(({ state, count }) => ({
      labels: { state },
      value: count,
    })),
  );
  gauge('unread', 'Transactions that were heard and are not final here.', ['status'], async () => {
    const { wanted, confirmed } = await ledger.sightings.backlog();
    return [
      { labels: { status: 'wanted' }, value: wanted },
      { labels: { status: 'confirmed' }, value: confirmed },
    ];
  });
  gauge('gaps', 'Accounts that show what nobody can explain.', [], async () =>
    one((await ledger.checks.gaps()).length),
  );
  gauge('source_age_seconds', 'Since a source last told of the chain.', ['source'], async () =>
    Object.entries(sources.read()).map(([source, { lastMs }]) => ({
      labels: { source },
      value: lastMs === null ? -1 : (clock.nowMs() - lastMs) / 1_000,
    })),
  );
  gauge('lanes', 'Subscribers with work in this process.', [], async () => one(lanes.active));
  gauge('stream_readers', 'Readers of the gate stream.', [], async () => one(publisher.readers));
  gauge('subscribers', 'Subscribers on the roster.', [], async () => one(roster.size));
  gauge('roster_age_seconds', 'Since the chain was last seen; -1 for never.', [], async () => {
    const { observedAtMs } = roster.freshness();
    return one(observedAtMs === null ? -1 : (clock.nowMs() - observedAtMs) / 1_000);
  });
  gauge('sponsor_sol', 'What the sponsor holds; -1 without one.', [], async () => {
    if (pen.sponsor === null) return one(-1);
    const { accounts } = await chain.accounts([pen.sponsor as Address]);
    return one(Number(accounts[0]?.lamports ?? 0n) / LAMPORTS_A_SOL);
  });
}
