// Begun empty: a ledger without a subscriber is trusted from the slot that a node tells, also where
// subscribers came before a node told one.
import { expect, test } from 'vitest';
import { openContinuity, told } from '../support/continuity-world.ts';

test('a database that was met while it was empty stays trusted once subscribers come', async () => {
  const { world, continuity } = openContinuity(told('a', 1n), null);
  await continuity.look();
  expect([world.trusted, continuity.times]).toEqual(['a', 0]);
  // Another daemon meets it later.
  const second = openContinuity(told('a', 2n), world.trusted, false);
  expect(await second.continuity.doubt()).toBeNull();
});

/** A process that met an empty ledger while no node told a slot. */
async function metInSilence() {
  const opened = openContinuity(told('a', 1n), null);
  opened.world.silent = true;
  expect(await opened.continuity.doubt()).toBeNull();
  const { world, continuity } = opened;
  expect([continuity.since(), world.trusted, continuity.times]).toEqual([null, null, 0]);
  return opened;
}

test.each([true, false])(
  'a ledger that was met empty is trusted once a node tells a slot; still empty then: %s',
  async (isEmpty) => {
    const { world, continuity } = await metInSilence();
    world.isEmpty = isEmpty;
    world.state = told('a', 5n);
    // Nothing is signed for subscribers who came meanwhile.
    const silent = continuity.doubt();
    if (isEmpty) expect(await silent).toBeNull();
    else await expect(silent).rejects.toMatchObject({ code: 'rpc_unavailable' });
    world.silent = false;
    world.height = 1_100;
    expect(await continuity.doubt()).toBeNull();
    expect([continuity.since(), world.trusted, continuity.times]).toEqual([1_107, 'a', 0]);
  },
);

test.each([
  ['another identity', told('b', 5n)],
  ['an earlier position', told('a', 0n)],
])(
  'a ledger that was met empty, and has subscribers and %s, is like any other',
  async (_, state) => {
    const { world, continuity } = await metInSilence();
    world.isEmpty = false;
    world.state = state;
    world.silent = false;
    expect(await continuity.doubt()).toMatchObject({ code: 'ledger_went_back' });
    expect([continuity.since(), world.trusted, continuity.times]).toEqual([null, null, 1]);
  },
);
