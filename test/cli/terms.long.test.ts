// Terms: the commands agree, change and end terms as the API does; without --apply they write
// nothing, and what the API refuses is refused with the same sentence.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { openStreet, type Street } from '../support/street.ts';

let street: Street;
const [creator, referrer] = [Keypair.generate(), Keypair.generate()].map((each) =>
  each.publicKey.toBase58(),
) as [string, string];

beforeAll(async () => {
  street = await openStreet();
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  const agentWallet = trader.agent.publicKey.toBase58();
  const { status } = await street.post('/v1/subscribers', {
    id: 'ana',
    agentWallet,
    subAccountIds: [0],
  });
  expect(status).toBe(201);
});
afterAll(() => street[Symbol.asyncDispose]());

const run = async (...args: string[]) => {
  const { code, out } = await runCommand(street, ['--json', 'terms', ...args]);
  return { code, out, told: code === 0 ? (JSON.parse(out) as Record<string, never>) : null };
};
const termsOf = async () => {
  const answer = await fetch(`${street.app().url}/v1/subscribers/ana/subscriptions`);
  const { subscriptions } = (await answer.json()) as { subscriptions: { terms: object[] }[] };
  return subscriptions.flatMap((each) => each.terms);
};
const FIRST = ['agree', 'ana', 'ana-1', '--creator', creator, '--share-bps', '1000'];

test('first terms are told, and written with --apply', async () => {
  const tried = await run(...FIRST, '--split', `${referrer}=200:referrer`);
  expect(tried.told, tried.out).toMatchObject({ written: false, before: null });
  expect(await termsOf()).toEqual([]);
  const agreed = await run(...FIRST, '--split', `${referrer}=200:referrer`, '--apply');
  expect(agreed.told, agreed.out).toMatchObject({ written: true });
  expect(await termsOf()).toMatchObject([
    { creatorWallet: creator, shareBps: 1_000, basis: 'per_close', splits: [{ shareBps: 200 }] },
  ]);
  expect((await run(...FIRST, '--apply')).out).toContain('Use bailiff terms change');
});

test('a change names the fields that differ, and leaves the others', async () => {
  const change = [
    'change',
    'ana',
    'ana-1',
    '--hurdle',
    '5000000',
    '--cap-per-close',
    '7',
    '--no-splits',
  ];
  expect((await run(...change)).told).toMatchObject({
    written: false,
    terms: { hurdle: '5000000' },
  });
  expect(await termsOf()).toHaveLength(1);
  expect((await run(...change, '--apply')).told).toMatchObject({ written: true });
  expect((await termsOf()).at(-1)).toMatchObject({
    creatorWallet: creator,
    shareBps: 1_000,
    hurdle: '5000000',
    capPerClose: '7',
    splits: [],
  });
  const plain = await runCommand(street, [
    'terms',
    'change',
    'ana',
    'ana-1',
    '--cap-per-close',
    'none',
  ]);
  expect(plain.out).toMatch(/capPerClose +7 +none\n(?!hurdle)/);
  // The same terms again are no further terms.
  expect((await run(...change, '--apply')).told).toMatchObject({ written: false });
  expect(await termsOf()).toHaveLength(2);
});

test.each<[string, string[], number, RegExp]>([
  [
    'a subscriber who is not registered',
    ['agree', 'bo', 'b', '--creator', creator, '--share-bps', '1'],
    1,
    /bo is not registered/,
  ],
  [
    'a second subscription of one account',
    ['agree', 'ana', 'ana-2', '--creator', creator, '--share-bps', '1'],
    1,
    /already has a subscription/,
  ],
  [
    'a sub-account that is not registered',
    ['agree', 'ana', 'a', '--sub-account', '3', '--creator', creator, '--share-bps', '1'],
    1,
    /has no sub-account 3/,
  ],
  [
    'a change of what is not there',
    ['change', 'ana', 'none', '--share-bps', '1'],
    1,
    /has no subscription none/,
  ],
  ['splits above the share', ['change', 'ana', 'ana-1', '--split', `${referrer}=1001`], 2, /split/],
  [
    'a creator that is no wallet',
    ['change', 'ana', 'ana-1', '--creator', 'x'],
    2,
    /creatorWallet is no Solana address/,
  ],
  [
    'a share above the whole',
    ['change', 'ana', 'ana-1', '--share-bps', '10001'],
    2,
    /from 0 to 10000/,
  ],
  ['an amount that is none', ['change', 'ana', 'ana-1', '--hurdle', '1.5'], 2, /base units/],
])('refuses %s, tried and applied alike', async (_, args, code, why) => {
  for (const given of [args, [...args, '--apply']]) {
    const ended = await run(...given);
    expect(ended.code, ended.out).toBe(code);
    expect(ended.out).toMatch(why);
  }
  expect(await termsOf()).toHaveLength(2);
});

test('terms are shown, end with --apply, and the act is on record', async () => {
  expect((await run('end', 'ana', 'ana-1')).told).toMatchObject({ written: false });
  expect((await run('end', 'ana', 'ana-1', '--apply')).told).toMatchObject({ written: true });
  expect((await termsOf()).at(-1)).toMatchObject({ ended: true });
  const shown = await runCommand(street, ['terms', 'show', 'ana', 'ana-1']);
  expect(shown.out.match(/ana-1/g)).toHaveLength(3);
  const acts = await runCommand(street, ['acts', 'list']);
  for (const what of ['terms agree', 'terms change', 'terms end']) expect(acts.out).toContain(what);
});
