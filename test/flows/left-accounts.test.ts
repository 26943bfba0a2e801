// Left accounts: nothing is kept of an account whose subscriber has left.
import { expect, test } from 'vitest';
import { ACCOUNT, never, setUp } from '../support/account-changes.ts';

test('nothing is kept of an account that left: one that joins again is a new one', async () => {
  const { watch, see, scans, setWatched } = setUp();
  see(20, 5n);
  expect(await watch.scan(never)).toBe(1);
  watch.told(ACCOUNT, 30);
  setWatched(false);
  expect([...watch.changed]).toEqual([]);
  setWatched(true);
  // Its state is that of before, in a slot of which a transaction was read before.
  see(30, 5n);
  expect([...watch.changed]).toEqual([[ACCOUNT, 30]]);
  expect(await watch.scan(never)).toBe(1);
  // Both scans begin at the cursor.
  expect(scans.map((each) => each.after)).toEqual([8, 8]);
});

test('a webhook that named an account before it left holds back no scan after it joins again', async () => {
  const { watch, see, setWatched } = setUp();
  watch.hinted(ACCOUNT, 20);
  setWatched(false);
  setWatched(true);
  see(20, 5n);
  expect(watch.waiting).toBe(false);
});

test('an account that left and joins again is compared with its next walk, and not with an earlier one', async () => {
  for (const before of [null, { address: ACCOUNT, slot: 5, pulse: '8' }]) {
    const { watch, watched, setWatched } = setUp(true);
    watch.walked(ACCOUNT, before);
    setWatched(false);
    setWatched(true);
    // The node shows 9 lamports in slot 50.
    await watch.sweep([...watched.values()], never);
    expect([...watch.changed.keys()]).toEqual([]);
    watch.walked(ACCOUNT, { address: ACCOUNT, slot: 40, pulse: '8' });
    expect([...watch.changed]).toEqual([[ACCOUNT, 50]]);
  }
});

test('nothing is kept of an account that leaves while it is read', async () => {
  const { watch, watched, setWatched, state } = setUp();
  const accounts = [...watched.values()];
  state.beforeAnswer = async () => setWatched(false);
  await watch.sweep(accounts, never);
  expect([...watch.changed]).toEqual([]);
});
