// Source ages: a source that never told is as old as the time for which this daemon has followed an
// account, and one daemon that follows none shows no age.
import { expect, test } from 'vitest';
import { createSourceAges } from '../../src/flows/source-ages.ts';
import { createSources } from '../../src/flows/sources.ts';
import { createManualClock } from '../support/clock.ts';

function open() {
  const clock = createManualClock();
  const sources = createSources(['subscriptions', 'sweep'], () => true);
  const followed = new Set<string>();
  const ages = createSourceAges({ sources, follows: () => followed.size > 0, clock });
  const read = () => Object.fromEntries(ages().map(({ source, ageMs }) => [source, ageMs]));
  return { clock, sources, followed, read };
}

test('a source that has told nothing since the daemon began gets older, as a silent one does', () => {
  const { clock, sources, followed, read } = open();
  followed.add('account');
  expect(read()).toEqual({ subscriptions: 0, sweep: 0 });
  clock.advance(60_000);
  sources.note('sweep', 5, clock.nowMs());
  clock.advance(600_000);
  expect(read()).toEqual({ subscriptions: 660_000, sweep: 600_000 });
  sources.note('subscriptions', 6, clock.nowMs());
  expect(read()).toEqual({ subscriptions: 0, sweep: 600_000 });
});

test('while no account is followed there is no age, and it counts from the first account', () => {
  const { clock, sources, followed, read } = open();
  expect(read()).toEqual({});
  clock.advance(3_600_000);
  expect(read()).toEqual({});
  followed.add('account');
  expect(read()).toEqual({ subscriptions: 0, sweep: 0 });
  clock.advance(1_000);
  sources.note('sweep', 5, clock.nowMs());
  // Another daemon takes the account over, and gives it back an hour later.
  followed.clear();
  expect(read()).toEqual({});
  clock.advance(3_600_000);
  followed.add('account');
  expect(read()).toEqual({ subscriptions: 0, sweep: 0 });
});

test('a clock that is set back or forward makes no source that never told older or younger', () => {
  const { clock, sources, followed, read } = open();
  followed.add('account');
  read();
  clock.advance(60_000);
  sources.note('sweep', 5, clock.nowMs());
  clock.setBy(-3_600_000);
  expect(read()).toEqual({ subscriptions: 60_000, sweep: 0 });
  clock.setBy(7_200_000);
  expect(read()).toEqual({ subscriptions: 60_000, sweep: 60_000 });
});
