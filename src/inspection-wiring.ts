// Inspection wiring: wires the loops that read noted transactions from RPC, record their facts,
// judge the subscribers of whom something was heard, and compare account states with the facts.
import type { Burst } from './core/burst.ts';
import type { Pace } from './core/pace.ts';
import type { Ledger } from './core/ports.ts';
import type { AccountChanges } from './flows/account-changes.ts';
import { type AdoptPorts, adoptFrom } from './flows/adopt.ts';
import { createChecking } from './flows/check-turn.ts';
import { createCoverageCounter } from './flows/coverage.ts';
import type { Finality } from './flows/finality.ts';
import type { InspectPorts } from './flows/inspect-ports.ts';
import { createInspector, type Inspector } from './flows/inspector.ts';
import { EVERY_MS, type Loops } from './flows/loops.ts';
import { noteOwn } from './flows/own-noted.ts';
import type { Sources } from './flows/sources.ts';
import type { Settling } from './settling-wiring.ts';
import type { Metrics } from './system/metrics.ts';
import type { Settings } from './system/settings.ts';

type InspectionPorts = AdoptPorts &
  Omit<InspectPorts, 'adopt' | 'onFacts' | 'onFinal' | 'finalByMs' | 'onRead'> &
  Pick<Settling, 'judge' | 'changed' | 'ownSignatures' | 'way'> & {
    readonly ledger: Ledger;
    readonly pace: Pace;
    readonly metrics: Metrics;
    readonly loops: Loops;
    readonly sources: Sources;
    readonly finality: Finality;
    readonly watch: AccountChanges;
    readonly burst: Burst;
    /** Called with the number of transactions that a check noted. */
    readonly noted: (count: number) => void;
  };

/** Wires the inspector, and declares the loops that read and judge. */
export function addInspection(ports: InspectionPorts, settings: Settings): Inspector {
  const { pace, metrics, loops, sources, finality, watch, watched, clock } = ports;
  const { judge, changed, ownSignatures, way, noted } = ports;
  const coverage = createCoverageCounter(ports, metrics);
  /** The verdicts under way on subscribers whose transactions went ahead. */
  let judging = 0;
  const inspector = createInspector(
    {
      ...ports,
      adopt: (facts, transaction) => adoptFrom(ports, facts, transaction),
      onFacts: coverage.heard,
      onFinal: ownSignatures.read,
      finalByMs: pace.finalByMs,
      onRead({ keys, slot }, source) {
        if (source === 'webhook') sources.note('webhooks', slot, clock.nowMs());
        for (const key of keys) if (watched.map.has(key)) watch.told(key, slot);
        finality.expect(slot);
      },
    },
    settings.watch,
    () => loops.after('noted'),
    (ids) => {
      if (ids.length === 0) return;
      way.hold();
      judging++;
      // The closes of the transaction are booked once its verdict is given: until then the loop
      // `accrue` waits for `way`.
      loops.after('heard');
      void judge(ids, true)
        // An error that keeps a subscriber from being judged also fails the loop `verdict`, which
        // reports it.
        .catch(() => changed(ids))
        .finally(() => {
          if (--judging === 0 && inspector.aheadCount === 0) way.release();
        });
    },
    () => loops.after('hasty'),
  );
  loops.add('own', EVERY_MS.own, () => noteOwn(ports));
  const { inspectLeast, inspectMost } = EVERY_MS;
  const inspectEveryMs = Math.max(inspectLeast, Math.min(inspectMost, settings.watch.finalityMs));
  loops.add('ahead', EVERY_MS.judge, async () => {
    if (await inspector.ahead()) loops.after('hasty');
  });
  loops.add('inspect', inspectEveryMs, async () => {
    await way.clear();
    const { changed: heard, more } = await inspector.round();
    changed(heard);
    if (heard.length > 0) loops.after('heard');
    if (more) loops.after('noted');
    else await coverage.flush();
  });
  const check = createChecking(ports, watch.changed);
  loops.add('check', settings.watch.checkEveryMs, async (signal) => {
    await way.clear();
    const found = await check(signal);
    noted(found.noted);
    if (found.reckoned.length > 0) loops.after('heard');
    if (found.more) loops.after('unchecked');
    await judge(found.reckoned);
  });
  return inspector;
}
