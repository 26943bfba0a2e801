// Alerts: every rule has a severity, a section in the runbook, and series under which it fires and
// stays silent.
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_EVENTS } from '../../src/core/log-events.ts';
import { createMetrics } from '../../src/system/metrics.ts';
import { createManualClock } from '../support/clock.ts';
import { LONG } from '../support/long.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const rules = read('config/ops/alerts.yaml');
const cases = read('config/ops/alerts.test.yaml');
const source = globSync('src/**/*.ts', { cwd: ROOT })
  .map((file) => read(file))
  .join('\n');
const alerts = rules.split(/^ {6}- alert: /m).slice(1);
const promtool = spawnSync('promtool', ['--version']).status === 0;

describe('config/ops/alerts.yaml', () => {
  test.each(alerts.map((each) => [each.split('\n')[0] ?? '', each]))('%s', (name, rule) => {
    expect(rule).toMatch(/severity: (warning|critical)/);
    expect(read('docs/runbook.md')).toContain(`\n### ${name}\n`);
    expect(cases).toContain(`- name: ${name} fires\n`);
    expect(cases).toContain(`- name: ${name} stays silent\n`);
    const metrics = [...rule.matchAll(/bailiff_([a-z_]+?)(?:_bucket)?(?![a-z_])/g)];
    // BailiffDown asks Prometheus alone, whether it can scrape.
    expect(metrics.length > 0).toBe(name !== 'BailiffDown');
    for (const [, metric = ''] of metrics)
      expect(source, metric).toMatch(new RegExp(`'(bailiff_)?${metric}'`));
  });

  test.runIf(LONG && promtool)('fires where it should, and only there (needs promtool)', () => {
    const out = execFileSync('promtool', ['test', 'rules', 'config/ops/alerts.test.yaml'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(out).toContain('SUCCESS');
  });
});

test('every error of the log is counted from 0, so that its first one is an increase', async () => {
  const named = [
    ...source.matchAll(/log(?:\.error|\[passing \? 'warn' : 'error'\])\(\s*'([a-z]+\.[a-z_]+)'/g),
  ].map((match) => match[1]);
  expect([...new Set(named)].sort()).toEqual([...ERROR_EVENTS].sort());
  const text = await createMetrics(createManualClock()).text();
  for (const event of ERROR_EVENTS)
    expect(text).toContain(`bailiff_events_total{event="${event}",level="error"} 0`);
});

test('a scrape asks nothing: a gauge that cannot be read shows its last value, and its age', async () => {
  const clock = createManualClock();
  const metrics = createMetrics(clock);
  let reads = 0;
  let broken = false;
  metrics.gauge({
    name: 'bailiff_tried',
    help: 'x',
    labels: [],
    async read() {
      reads++;
      if (broken) throw new Error('RPC is away');
      return [{ labels: {}, value: 7 }];
    },
  });
  expect(await metrics.text()).toContain('bailiff_sample_age_seconds{gauge="bailiff_tried"} -1');
  expect(reads).toBe(0);
  await metrics.sample();
  broken = true;
  clock.advance(30_000);
  await metrics.sample();
  const text = await metrics.text();
  expect(text).toContain('bailiff_tried 7');
  expect(text).toContain('bailiff_sample_age_seconds{gauge="bailiff_tried"} 30');
  expect(reads).toBe(2);
});
