// Lists: pages hold every row once, say how to go on and how many rows there are; a filter or
// cursor that names nothing is refused, because an empty page would look like the end.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fact } from '../../src/core/fact.ts';
import type { Signature } from '../../src/core/ids.ts';
import { COUNTED_MOST, type ListFilters, type ListName } from '../../src/core/lists.ts';
import { USDC } from '../../src/core/token.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createListing, type Loose, type Rows, readAll } from '../../src/flows/lists.ts';
import { silentLog } from '../../src/system/log.ts';
import { creditTransfers } from '../support/credit.ts';
import { failedPayments, manyActs } from '../support/crowds.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';

const transferOf = (signature: Signature, slot: number, ordinal: number): Fact => ({
  subscriberId: 'ana',
  account: addressOf(2),
  signature,
  position: { slot, blockIndex: 1, ordinal },
  body: {
    kind: 'outflow',
    route: 'token_transfer',
    amount: 7n,
    mint: USDC.mint,
    decimals: 6,
    destination: addressOf(77),
    owner: CREATOR,
    internal: false,
    ofValue: true,
    consent: 'agent',
    signers: [],
    usd: 7n,
  },
});

let held: TestLedger;
const ROWS = 5;
beforeAll(async () => {
  held = await createTestLedger();
  const { ledger, driftAccount } = held;
  for (let n = 1; n <= ROWS; n++)
    await recordFact(ledger, closeFact(n, 1_000n, { account: driftAccount }), 'finalized');
  await accrueCloses(ledger, silentLog);
  for (let n = 1; n <= ROWS; n++) {
    await ledger.clearances.grant(
      'ana',
      {
        id: `c${n}`,
        purpose: 'withdraw',
        amount: 5n,
        grantedSlot: n,
        untilSlot: n + 9,
        trades: [],
      },
      // Several begin at the same moment.
      1_000 * (n >> 1),
      60_000,
      null,
    );
    await ledger.acts.begin({
      actor: 'command',
      person: null,
      what: 'x',
      asked: { path: { id: 'ana' } },
      once: null,
    });
  }
  // Transfers of one transaction differ by their ordinal alone.
  for (const [slot, ordinals] of [
    [200, [0, 1, 2]],
    [201, [0, 1]],
  ] as const) {
    const signature = signatureOf(slot);
    const accounts = [addressOf(2)];
    await ledger.sightings.note([{ signature, blockIndex: 0, accounts }], {
      source: 'replay',
      by: 'confirmed',
      nowMs: 0,
    });
    const facts = ordinals.map((ordinal) => transferOf(signature, slot, ordinal));
    const read = { signature, slot, facts, finality: 'finalized', dueMs: 0, nowMs: 0 } as const;
    await ledger.sightings.record(read);
  }
  await creditTransfers(ledger);
  for (let n = 1; n < ROWS; n++)
    await ledger.subscribers.register({
      id: `bo${n}`,
      agentWallet: addressOf(10 * n + 500),
      agentTokenAccount: addressOf(10 * n + 501),
      driftAccounts: [
        { address: addressOf(10 * n + 502), subAccountId: 3 },
        { address: addressOf(10 * n + 503), subAccountId: 1 },
      ],
      sealedKey: null,
      fromSlot: 1,
    });
  await failedPayments(held, ROWS, { creator: CREATOR, driftAccount });
  await ledger.endpoints.create({
    id: 'e1',
    url: 'http://203.0.113.7/',
    kinds: ['share.accrued'],
    secret: Uint8Array.of(1),
  });
  expect(await ledger.endpoints.replay('e1', 0)).toBe(ROWS);
});
afterAll(() => held[Symbol.asyncDispose]());

const FILTERS: { readonly [Name in ListName]: ListFilters[Name] } = {
  subscribers: {},
  shares: { subscriberId: 'ana', subscriptionId: 'ana-sub', creatorWallet: CREATOR },
  payments: { subscriberId: 'ana', creatorWallet: CREATOR, state: 'failed' },
  facts: { subscriberId: 'ana', kind: 'outflow' },
  closes: { subscriberId: 'ana' },
  credits: { subscriberId: 'ana' },
  clearances: { subscriberId: 'ana' },
  acts: { actor: 'command', subscriber: 'ana' },
  deliveries: { endpointId: 'e1', state: 'pending' },
};
const ask = <Name extends ListName>(
  list: Name,
  filter: Loose<ListFilters[Name]>,
  page: { limit: number; cursor?: string },
) => createListing(held.ledger).page(list, filter, page);
const idOf = (row: Rows[ListName]): unknown =>
  'id' in row ? row.id : 'eventId' in row ? row.eventId : row.cursor;

describe.each(Object.keys(FILTERS) as ListName[])('%s', (list) => {
  test.each([1, 2, ROWS - 1, ROWS])('are all told in pages of %i', async (limit) => {
    const whole = await ask(list, FILTERS[list], { limit: ROWS + 1 });
    expect(whole).toMatchObject({ next: null, total: ROWS });
    const ids = whole.rows.map(idOf);
    expect(new Set(ids).size).toBe(ROWS);
    const seen: unknown[] = [];
    let pages = 0;
    for (let cursor: string | undefined; ; ) {
      const page = await ask(list, FILTERS[list], {
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.rows.map(idOf));
      pages++;
      expect(page.total).toBe(ROWS);
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(seen).toEqual(ids);
    // The last page is no empty one.
    expect(pages).toBe(Math.ceil(ROWS / limit));
  });

  test.each(['nowhere', '1', '12.abc.0.def', '99999999999999999999', "x';--"])(
    'refuse the cursor %s',
    async (cursor) => {
      if (list === 'acts' && cursor === '1') return;
      await expect(ask(list, FILTERS[list], { limit: 2, cursor })).rejects.toMatchObject({
        code: 'query_invalid',
      });
    },
  );
});

test.each([
  ['shares', { subscriberId: 'anna' }, 'not_found'],
  ['shares', { subscriptionId: 'ana-sup' }, 'not_found'],
  ['shares', { creatorWallet: addressOf(3) }, 'not_found'],
  ['shares', { creatorWallet: 'ana' }, 'query_invalid'],
  ['payments', { subscriberId: 'anna' }, 'not_found'],
  ['payments', { creatorWallet: addressOf(3) }, 'not_found'],
  ['facts', { subscriberId: 'anna' }, 'not_found'],
  ['credits', { subscriberId: 'anna' }, 'not_found'],
  ['clearances', { subscriberId: 'anna' }, 'not_found'],
  ['acts', { actor: 'nokey' }, 'not_found'],
  ['acts', { subscriber: 'anna' }, 'not_found'],
] as const)('%s refuse the filter %o as %s', async (list, filter, code) => {
  await expect(ask(list, filter as never, { limit: 2 })).rejects.toMatchObject({ code });
});

test('acts of a subscriber that was never registered are told, and the name of the key with them', async () => {
  const { acts, apiKeys } = held.ledger;
  await apiKeys.add({
    id: 'keyid123456',
    name: 'Platform',
    hash: new Uint8Array(32),
    scopes: ['operator'],
  });
  const what = 'POST /v1/subscribers/:id/subscriptions';
  const asked = { path: { id: 'refused' } };
  await acts.begin({ actor: 'keyid123456', person: 'Jane Doe', what, asked, once: null });
  expect(
    await ask('acts', { actor: 'keyid123456', subscriber: 'refused' }, { limit: 2 }),
  ).toMatchObject({
    rows: [{ actor: 'keyid123456', keyName: 'Platform', person: 'Jane Doe', what }],
    total: 1,
  });
});

test('a list of very many rows says that it does not count them', async () => {
  await manyActs(held, COUNTED_MOST + 1);
  expect((await ask('acts', { actor: 'anyone' }, { limit: 1 })).total).toBeNull();
  const all = await readAll(null, undefined, (at) =>
    createListing(held.ledger).page('acts', { actor: 'anyone' }, at),
  );
  expect(all.rows).toHaveLength(COUNTED_MOST + 1);
  expect(all.next).toBeNull();
  const some = await readAll(600, undefined, (at) =>
    createListing(held.ledger).page('acts', { actor: 'anyone' }, at),
  );
  expect(some.rows).toEqual(all.rows.slice(0, 600));
  expect(some.next).toBe(String(all.rows[599]?.id));
});

test('reading every page tells how many rows were read, and of how many', async () => {
  const pages = [
    { rows: [1, 2], next: 'b', total: 3 },
    { rows: [3], next: null, total: 3 },
  ];
  const told: unknown[] = [];
  const read = await readAll(
    null,
    undefined,
    async ({ cursor }) => pages[cursor === undefined ? 0 : 1] as (typeof pages)[number],
    (...at) => told.push(at),
  );
  expect(read).toEqual({ rows: [1, 2, 3], next: null, total: 3 });
  expect(told).toEqual([
    [2, 3],
    [3, 3],
  ]);
});
