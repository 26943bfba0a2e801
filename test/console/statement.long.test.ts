// Statement: what a subscriber and a creator see behind a link: their own period, every number with
// its computation, and nothing once the link has expired or was changed.
import { Keypair } from '@solana/web3.js';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { createVault } from '../../src/chain/vault.ts';
import { createStatementDesk } from '../../src/flows/statements.ts';
import { keyboardLacksOf, lacksEverywhere, lacksOf } from '../support/accessible.ts';
import { asking } from '../support/ask.ts';
import { CHROMIUM, IN_CHROMIUM } from '../support/chromium.ts';
import { showOn } from '../support/screen.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const PERIOD = { since: '2020-01-01', until: '2999-01-01' };

/** Ways to break a page, each with the measure of pages that must see it, and what it must say. */
const BREAKS: readonly (readonly [typeof lacksOf, RegExp, string])[] = [
  [lacksOf, /no name: <a/, "document.querySelector('a').textContent = ''"],
  [lacksOf, /no name: <div class="scroll"/, "document.querySelector('#shares').textContent = ''"],
  [lacksOf, /cells under/, "document.querySelector('th').removeAttribute('scope')"],
  [lacksOf, /no name: <table/, "document.querySelector('caption').remove()"],
  [lacksOf, /contrast .*: Closes of/, "document.querySelector('.period').style.color = '#888'"],
  [
    lacksOf,
    /contrast .*: label Market/,
    "document.documentElement.style.setProperty('--ink', '#999')",
  ],
  [lacksOf, /scrolls sideways/, "document.querySelector('h1').style.width = '600px'"],
  [keyboardLacksOf, /no visible focus: a/, "document.querySelector('a').style.outline = 'none'"],
  [keyboardLacksOf, /stop 1 is/, "document.querySelector('a').tabIndex = -1"],
];

test('a link shows one period of one subscriber or creator, and nothing else', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana-secret-name', trader, creator);
  profitableClose(driver, trader);
  const share = await street.share('ana-secret-name', (each) => each.status === 'paid');
  const { url } = street.app();
  const ask = asking(() => url);
  const linkOf = async (body: object) => {
    const made = await ask('POST', '/v1/statements', body);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body as { path: string; csvPath: string };
  };
  const read = async (path: string) => {
    const answer = await fetch(url + path);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const own = await linkOf({ of: 'subscriber', id: 'ana-secret-name', ...PERIOD });
  const page = await read(own.path);
  expect(page.headers.get('cache-control')).toContain('no-store');
  const amount = `${(Number(share.amount) / 1e6).toFixed(6)} USDC`;
  for (const told of [
    'Statement of ana-secret-name',
    amount,
    '10 % of that is',
    'SOL-PERP',
    share.paidBy[0] ?? '-',
  ])
    expect(page.text).toContain(told);
  const csv = await read(own.csvPath);
  expect(csv.headers.get('content-type')).toContain('text/csv');
  const [head = '', row = ''] = csv.text.split('\r\n');
  expect(head.split(',')).toHaveLength(row.split(',').length);
  expect(row).toContain(share.id);
  expect(row).toContain(creator.toBase58());

  const earnings = await linkOf({ of: 'creator', id: creator.toBase58(), ...PERIOD });
  for (const each of [await read(earnings.path), await read(earnings.csvPath)]) {
    expect(each.text).toContain(share.paidBy[0]);
    expect(each.text).not.toContain('ana-secret-name');
  }
  const empty = await linkOf({
    of: 'subscriber',
    id: 'ana-secret-name',
    since: '2020-01-01',
    until: '2020-02-01',
  });
  expect((await read(empty.path)).text).toContain('No profit share was booked in this period.');

  const changed = own.path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  for (const wrong of [changed, '/statements?link=guess', `${own.path.slice(0, -40)}`])
    expect((await read(wrong)).status).toBe(404);
  // A person's browser gets a page, also for a link that a mail program ended with a full stop.
  const accept = { headers: { accept: 'text/html' } };
  const lost = await fetch(`${url}${own.path}.`, accept);
  expect([lost.status, lost.headers.get('content-type')]).toEqual([
    404,
    'text/html; charset=utf-8',
  ]);
  expect(lost.headers.get('cache-control')).toBe('private, no-store');
  expect(await lost.text()).toContain('Ask the platform for a new one.');
  expect(
    (await fetch(`${url}${changed}&format=csv`, accept)).headers.get('content-type'),
  ).toContain('problem+json');
  expect(
    (
      await ask('POST', '/v1/statements', {
        of: 'creator',
        id: Keypair.generate().publicKey.toBase58(),
        ...PERIOD,
      })
    ).status,
  ).toBe(404);
  expect(
    (
      await ask('POST', '/v1/statements', {
        of: 'subscriber',
        id: 'ana-secret-name',
        since: PERIOD.until,
        until: PERIOD.since,
      })
    ).status,
  ).toBe(400);

  if (CHROMIUM === undefined) return;
  const browser = await chromium.launch(IN_CHROMIUM);
  try {
    const view = await browser.newPage({ viewport: { width: 360, height: 740 } });
    const faults: string[] = [];
    view.on('console', (line) => void faults.push(line.text()));
    await view.goto(url + own.path);
    await view.getByRole('img', { name: /^Shares by day/ }).waitFor();
    await view.getByText('How it was computed').press('Enter');
    await view.getByText('10 % of that is').waitFor();
    expect(await view.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(faults.filter((each) => /Content Security Policy/.test(each))).toEqual([]);

    const lacks = await lacksEverywhere(view, 'statement with a computation');
    await view.goto(url + earnings.path);
    lacks.push(...(await lacksEverywhere(view, 'earnings')));
    await view.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['/docs', '/problems/not_found']) {
      await view.goto(url + path);
      lacks.push(...(await lacksOf(view)));
    }
    expect(lacks).toEqual([]);
    await showOn(view, { width: 360, height: 740 }, 'light');
    await view.goto('about:blank');
    for (const [measure, told, script] of BREAKS) {
      await view.setContent(page.text);
      await view.evaluate(script);
      expect((await measure(view)).join('\n'), script).toMatch(told);
    }
  } finally {
    await browser.close();
  }
});

test('a link ends at its time or when it is taken back, and opens under no other master key', async () => {
  let nowMs = 1_000;
  let beforeMs: number | null = null;
  const keys = (byte: number) => ({
    masterKey: new Uint8Array(32).fill(byte),
    nextMasterKey: null,
  });
  const unasked = {} as never;
  const deskOf = (byte: number) =>
    createStatementDesk({
      ledger: unasked,
      statements: unasked,
      revocations: {
        async revoke(_of, _id, ms) {
          beforeMs = ms;
        },
        revokedBeforeMs: async () => beforeMs,
      },
      venues: unasked,
      vault: createVault(keys(byte)),
      nowMs: () => nowMs,
    });
  const link = { of: 'creator', id: 'c', sinceMs: 0, untilMs: 10, expiresAtMs: 5_000 } as const;
  const text = deskOf(1).seal(link);
  expect(await deskOf(1).open(text)).toMatchObject(link);
  expect(await deskOf(2).open(text)).toBeNull();
  await deskOf(1).revoke('creator', 'c');
  expect(await deskOf(1).open(text)).toBeNull();
  nowMs = 2_000;
  // A link that is made afterwards opens.
  const newer = deskOf(1).seal(link);
  expect(await deskOf(1).open(newer)).toMatchObject(link);
  nowMs = 5_000;
  expect(await deskOf(1).open(newer)).toBeNull();
});
