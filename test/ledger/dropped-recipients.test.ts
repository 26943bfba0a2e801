// Dropped recipients: a debt to a recipient to whom the newest terms give no part is asked for at
// any size, in both ledgers, because no later debt joins it.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Ledger } from '../../src/core/ports.ts';
import type { Split } from '../../src/core/split.ts';
import type { Terms } from '../../src/core/terms.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import { createMemoryLedger } from '../sim/memory/ledger.ts';
import { createDatabase } from '../support/database.ts';
import { addressOf, CREATOR, closeFact, recordFact } from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const MINIMUM = 9_000_000n;
const [REFERRER, HOUSE, LATER] = [addressOf(71), addressOf(72), addressOf(73)];
const DRIFT = addressOf(50);
const split = (wallet: Address, shareBps: number): Split => ({
  wallet,
  shareBps,
  minimumPayment: MINIMUM,
  offCurve: false,
  label: null,
});

/** Books a close under terms of three recipients, agrees the newest terms, and asks what is due. */
async function dueUnder(
  ledger: Ledger,
  newest: (first: Terms) => Terms,
): Promise<Record<string, readonly [asked: boolean | undefined, minimum: bigint]>> {
  await ledger.subscribers.register({
    id: 'ana',
    agentWallet: addressOf(20),
    agentTokenAccount: addressOf(30),
    driftAccounts: [{ address: DRIFT, subAccountId: 0 }],
    fromSlot: 1,
    sealedKey: Uint8Array.of(1),
  });
  const put = (terms: Terms) =>
    ledger.subscriptions.put({
      id: 'ana-sub',
      subscriberId: 'ana',
      driftAccount: DRIFT,
      terms,
      held: NOTHING_HELD,
    });
  const splits = [split(REFERRER, 150), split(HOUSE, 50)];
  const first = termsOf(1, CREATOR, 1_000, { minimumPayment: MINIMUM, splits });
  await put(first);
  await recordFact(ledger, closeFact(10, 10_000_000n, { account: DRIFT, slot: 10 }), 'finalized');
  await accrueCloses(ledger, silentLog);
  await put(newest(first));
  const due = await ledger.shares.due('ana');
  expect(due).toHaveLength(3);
  return Object.fromEntries(
    due.map(({ creatorWallet, asked, minimum }) => [creatorWallet, [asked, minimum]]),
  );
}

const WAITS = [false, MINIMUM] as const;
const ASKED = [true, 0n] as const;
test.each<[string, (first: Terms) => Terms, object]>([
  [
    'give each of them a part',
    (first) => ({ ...first, fromSlot: 20, shareBps: 2_000 }),
    { [CREATOR]: WAITS, [REFERRER]: WAITS, [HOUSE]: WAITS },
  ],
  [
    'name another creator',
    (first) => ({ ...first, fromSlot: 20, creatorWallet: LATER }),
    { [CREATOR]: ASKED, [REFERRER]: WAITS, [HOUSE]: WAITS },
  ],
  [
    'have one split less',
    (first) => ({ ...first, fromSlot: 20, splits: [split(HOUSE, 50)] }),
    { [CREATOR]: WAITS, [REFERRER]: ASKED, [HOUSE]: WAITS },
  ],
  [
    'give the whole share to a split',
    (first) => ({ ...first, fromSlot: 20, splits: [split(HOUSE, 1_000)] }),
    { [CREATOR]: ASKED, [REFERRER]: ASKED, [HOUSE]: WAITS },
  ],
])(
  'a debt waits for others while the newest terms name its recipient: they %s',
  async (_, newest, expected) => {
    await using database = await createDatabase({ connections: 2 });
    expect(await dueUnder(createLedger(database.sql), newest)).toEqual(expected);
    expect(await dueUnder(createMemoryLedger(() => 0).ledger, newest)).toEqual(expected);
  },
);
