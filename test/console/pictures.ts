// Pictures: `npm run pictures -- FOLDER` writes the console, a statement and a creator's earnings
// as PNG files into a folder: desktop and phone, light and dark. A real daemon shows them; its
// subscribers have paid, owe, or withdrew while they owed. Chromium must be installed.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { chromium, type Page } from 'playwright-core';
import { systemClock as clock } from '../../src/system/clock.ts';
import { type OwnDaemon, openOwnDaemon } from '../bench/own-daemon.ts';
import { CHROMIUM, IN_CHROMIUM } from '../support/chromium.ts';
import { profitableClose } from '../support/trades.ts';

const SCREENS = {
  desktop: { width: 1_280, height: 900 },
  phone: { width: 360, height: 740 },
} as const;
const SCHEMES = ['light', 'dark'] as const;
const PERIOD = { since: '2020-01-01', until: '2999-01-01' };
const LONG_NAME = 'a-subscriber-with-a-name-as-long-as-some-platforms-make-them';
const DEPOSIT = 1_000_000_000n;
const never = new AbortController().signal;

/** Waits until the daemon's answer contains a text. */
async function told({ ask }: OwnDaemon, route: string, text: string): Promise<void> {
  while (!(await (await ask(route)).text()).includes(text)) await clock.sleep(200, never);
}

/** The path of a page that a link opens. */
async function linkOf({ ask }: OwnDaemon, of: string, id: string): Promise<string> {
  const body = JSON.stringify({ of, id, ...PERIOD });
  const answer = await ask('/v1/statements', { method: 'POST', body });
  if (!answer.ok) throw new Error(`/v1/statements: ${await answer.text()}`);
  return ((await answer.json()) as { path: string }).path;
}

/** Makes the subscribers of the pictures. Returns the wallet of their creator. */
async function furnish(daemon: OwnDaemon): Promise<string> {
  const { driver } = daemon.world;
  const creator = Keypair.generate().publicKey;
  for (const [id, lamports] of [
    ['ana', 50_000_000n],
    [LONG_NAME, 0n],
    ['lee', 0n],
  ] as const) {
    const trader = driver.createTrader({ deposit: DEPOSIT, lamports });
    await daemon.subscribe(id, trader, creator);
    profitableClose(driver, trader);
    if (id === 'ana') profitableClose(driver, trader, 5_000_000_000n);
    await told(daemon, `/v1/shares?subscriber=${id}`, lamports > 0n ? '"paid"' : 'agent_needs_sol');
    if (id === 'lee') driver.withdrawTo(trader, Keypair.generate().publicKey, DEPOSIT / 2n);
  }
  await told(daemon, '/v1/gate/lee?action=open', '"delinquent"');
  return creator.toBase58();
}

/** Writes a page as it is on both screens in both schemes. */
async function draw(page: Page, folder: string, name: string): Promise<void> {
  for (const [screen, size] of Object.entries(SCREENS))
    for (const colorScheme of SCHEMES) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      const file = path.join(folder, `${name}-${screen}-${colorScheme}.png`);
      await page.screenshot({ path: file, fullPage: true });
    }
}

const folder = process.argv[2];
if (folder === undefined || CHROMIUM === undefined) {
  process.stderr.write('Usage: npm run pictures -- FOLDER, on a machine with Chromium.\n');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const daemon = await openOwnDaemon({ watch: { checkEveryMs: 2_000 } });
const browser = await chromium.launch(IN_CHROMIUM);
try {
  await daemon.start();
  const creator = await furnish(daemon);
  const page = await browser.newPage();
  for (const [name, of, id] of [
    ['statement', 'subscriber', 'ana'],
    ['earnings', 'creator', creator],
  ] as const) {
    await page.goto(daemon.base + (await linkOf(daemon, of, id)));
    await page.locator('summary').first().click();
    await draw(page, folder, name);
  }
  await page.goto(`${daemon.base}/console`);
  await page.getByLabel('API key with the scope operator').waitFor();
  await draw(page, folder, 'sign-in');
  const key = String(daemon.headers.authorization).replace('Bearer ', '');
  await page.getByLabel('API key with the scope operator').fill(key);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Open debts' }).waitFor();
  await draw(page, folder, 'overview');
  for (const [name, id] of [
    ['subscriber', 'ana'],
    ['delinquent', 'lee'],
    ['long-name', LONG_NAME],
  ] as const) {
    await page.goto(`${daemon.base}/console#/subscriber/${id}`);
    await page.getByRole('heading', { name: new RegExp(`^${id}`) }).waitFor();
    await draw(page, folder, name);
  }
} finally {
  await browser.close();
  await daemon.close();
}
