// Picture book: opens each page of a daemon whose answers are the same in every run, and draws it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { type OwnDaemon, openOwnDaemon } from '../bench/own-daemon.ts';
import { IN_CHROMIUM } from '../support/chromium.ts';
import { SCHEMES, showOn } from '../support/screen.ts';
import { sampling } from './picture-samples.ts';
import { CREATOR, furnish, LONG_NAME, PERIOD, SHOWN_AT, untilCalm } from './picture-world.ts';

/**
 * The modules that run in the page, as one script: the policy of a statement lets it load none.
 * `pictureOf` is what other scripts see of them.
 */
const SCRIPT = `(() => {
  ${['svg-parts', 'canvas-picture', 'page-picture']
    .map((name) => readFileSync(path.join(import.meta.dirname, `${name}.js`), 'utf8'))
    .join('\n')
    .replace(/^import [\s\S]*?;$/gm, '')
    .replace(/^export /gm, '')}
  Object.assign(globalThis, { pictureOf });
})();`;

/** Draws the page as it is now under a name. */
export type Draw = (page: Page, name: string) => Promise<void>;

/** The path of a page that a link opens. */
async function linkOf({ ask }: OwnDaemon, of: string, id: string): Promise<string> {
  const body = JSON.stringify({ of, id, ...PERIOD });
  const answer = await ask('/v1/statements', { method: 'POST', body });
  if (!answer.ok) throw new Error(`/v1/statements: ${await answer.text()}`);
  return ((await answer.json()) as { path: string }).path;
}

/** Opens each page, and draws it. */
async function openPages(daemon: OwnDaemon, page: Page, draw: Draw): Promise<void> {
  for (const [name, of, id] of [
    ['statement', 'subscriber', 'ana'],
    ['earnings', 'creator', CREATOR],
  ] as const) {
    await page.goto(daemon.base + (await linkOf(daemon, of, id)));
    await page.locator('summary').first().click();
    await page.evaluate('document.activeElement.blur()');
    await draw(page, name);
  }
  await page.goto(`${daemon.base}/console`);
  await page.getByLabel('API key with the scope operator').waitFor();
  await draw(page, 'sign-in');
  const key = String(daemon.headers.authorization).replace('Bearer ', '');
  await page.getByLabel('API key with the scope operator').fill(key);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Open debts' }).waitFor();
  // The charts are made after the page around them.
  await page.locator('figure canvas').nth(1).waitFor();
  await draw(page, 'overview');
  for (const [name, id, verdict] of [
    ['subscriber', 'ana', 'allow'],
    ['delinquent', 'lee', 'deny'],
    ['long-name', LONG_NAME, 'allow'],
  ] as const) {
    await page.goto(`${daemon.base}/console#/subscriber/${id}`);
    await page.getByRole('heading', { name: `${id}: ${verdict}` }).waitFor();
    await draw(page, name);
  }
}

/** Opens a daemon and a browser, and draws each page. */
export async function drawPages(draw: Draw): Promise<void> {
  const often = { pollMs: 50, finalityMs: 100 };
  const config = { watch: { finalityMs: 60 }, payments: often };
  await using stack = new AsyncDisposableStack();
  const daemon = stack.adopt(await openOwnDaemon(config), (each) => each.close());
  const browser = stack.adopt(await chromium.launch(IN_CHROMIUM), (each) => each.close());
  await daemon.start();
  await furnish(daemon);
  await untilCalm(daemon);
  const page = await browser.newPage({ locale: 'en-GB', timezoneId: 'UTC' });
  // The console asks every five seconds, perhaps while the browser is closed.
  stack.defer(() => page.unrouteAll({ behavior: 'ignoreErrors' }));
  await page.clock.setFixedTime(SHOWN_AT);
  await page.addInitScript(SCRIPT);
  await page.route(/\/(v1|statements|health)\b/, await sampling(daemon));
  await openPages(daemon, page, draw);
}

/** Where the committed pictures lie. */
export const PICTURE_FOLDER = path.join(import.meta.dirname, '../../docs/pictures');
/** The committed pictures: of which page, how wide, at most how high, and their names. */
const PICTURES = [
  ['overview', 'desktop', 1_080, 2_000, 'The console: what needs a person, and payments'],
  ['delinquent', 'desktop', 1_080, 1_500, 'The console: a subscriber who withdrew while it owed'],
  ['statement', 'desktop', 1_080, 1_200, "A subscriber's statement of one month"],
  ['subscriber', 'phone', 380, 1_100, 'The console on a phone: the story of a subscriber'],
  ['statement', 'phone', 380, 1_100, "A subscriber's statement on a phone"],
  ['earnings', 'phone', 380, 1_100, "A creator's earnings on a phone"],
] as const;

/** The committed pictures as SVG by the names of their files, drawn anew. */
export async function drawnAnew(): Promise<Map<string, string>> {
  const drawn = new Map<string, string>();
  await drawPages(async (page, name) => {
    for (const [of, screen, width, most, title] of PICTURES) {
      if (of !== name) continue;
      for (const colorScheme of SCHEMES) {
        await showOn(page, { width, height: 900 }, colorScheme);
        const svg = await page.evaluate<string>(`pictureOf(${JSON.stringify(title)}, ${most})`);
        drawn.set(`${name}-${screen}-${colorScheme}.svg`, svg);
      }
    }
  });
  return drawn;
}
