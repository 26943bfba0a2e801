// First readings: the first reading of an account is compared with its pulse in the ledger, or with
// that of its next walk.
import { expect, test } from 'vitest';
import type { Pulse } from '../../src/core/watch-ports.ts';
import { ACCOUNT, never, setUp } from '../support/account-changes.ts';

test('an account that changed between its walk and its first reading is scanned up to that reading', async () => {
  const walked = (slot: number, pulse: string): Pulse => ({ address: ACCOUNT, slot, pulse });
  /** The scans after these steps. The node shows 9 lamports in slot 50. */
  const scansAfter = async (...steps: ('read' | 'change' | Pulse | null)[]): Promise<number[]> => {
    const { watch, watched, scans, state } = setUp(true);
    for (const step of steps) {
      if (step === 'change') state.lamports = 7n;
      else if (step === 'read') await watch.sweep([...watched.values()], never);
      else watch.walked(ACCOUNT, step);
      await watch.scan(never);
    }
    return scans.map((each) => each.seen);
  };
  expect(await scansAfter('read', walked(40, '9'))).toEqual([]);
  expect(await scansAfter(walked(40, '9'), 'read')).toEqual([]);
  expect(await scansAfter('read', walked(40, '8'))).toEqual([50]);
  expect(await scansAfter(walked(40, '8'), 'read')).toEqual([50]);
  // Without a pulse nothing shows that the account is unchanged.
  expect(await scansAfter('read', null)).toEqual([50]);
  expect(await scansAfter(null, 'read')).toEqual([50]);
  // A later walk, and one after a change that was scanned, compare nothing.
  expect(await scansAfter('read', walked(40, '9'), walked(45, '8'), null)).toEqual([]);
  expect(await scansAfter('read', 'change', 'read', walked(40, '8'))).toEqual([50]);
});

test('of several remembered pulses of an account the one of the latest slot is compared', async () => {
  for (const slots of [
    [5, 6],
    [6, 5],
  ]) {
    const { watch } = setUp(true);
    watch.remember(slots.map((slot) => ({ address: ACCOUNT, slot, pulse: `${slot + 3}` })));
    watch.subscribed([ACCOUNT]);
    // The node shows 9 lamports.
    expect(await watch.scan(never), `${slots}`).toBe(0);
  }
});

test('an account that another daemon heard is read, and scanned unless the ledger knows that state', async () => {
  const { watch, see, scans } = setUp(true);
  see(20, 5n);
  await watch.scan(never);
  // The state that is read is 9 lamports at slot 50. The pulse of this daemon is of before.
  watch.taken([ACCOUNT], [{ address: ACCOUNT, slot: 40, pulse: '9' }]);
  expect(await watch.scan(never)).toBe(0);
  watch.taken([ACCOUNT], [{ address: ACCOUNT, slot: 40, pulse: '8' }]);
  expect(await watch.scan(never)).toBe(1);
  // Without a pulse in the ledger the next walk shows whether that state was heard.
  watch.taken([ACCOUNT], []);
  expect(await watch.scan(never)).toBe(0);
  const walk = () => watch.walked(ACCOUNT, { address: ACCOUNT, slot: 45, pulse: '8' });
  walk();
  expect(await watch.scan(never)).toBe(1);
  expect(scans).toHaveLength(3);
  // A pulse of the ledger takes the place of a first reading.
  watch.taken([ACCOUNT], []);
  await watch.scan(never);
  watch.taken([ACCOUNT], [{ address: ACCOUNT, slot: 40, pulse: '9' }]);
  walk();
  expect(await watch.scan(never)).toBe(0);
});
