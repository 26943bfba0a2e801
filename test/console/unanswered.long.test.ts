// Unanswered: what the console shows where the daemon, or a proxy before it, gives no answer of the
// daemon: an act says so in its dialog, and figures that could not be read anew say so above them
// until they are.
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { CHROMIUM, IN_CHROMIUM } from '../support/chromium.ts';
import { openStreet } from '../support/street.ts';

const PROXY = { status: 502, contentType: 'text/html', body: '<html>502 Bad Gateway</html>' };
const LIMITED = { title: 'rate_limited', status: 429, detail: 'Ask again in 9 s.' };

test.skipIf(CHROMIUM === undefined)('an act without an answer is not taken for done', async () => {
  await using street = await openStreet({ webhooks: false });
  const { url } = street.app();
  const browser = await chromium.launch(IN_CHROMIUM);
  try {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (thrown) => faults.push(thrown.message));
    await page.goto(`${url}/console`);
    await page.getByRole('heading', { name: 'Open debts' }).waitFor();
    let answers = 0;
    await page.route(`${url}/v1/halts`, (each) => {
      if (each.request().method() === 'GET') return each.continue();
      answers++;
      return answers === 1 ? each.abort() : each.fulfill(PROXY);
    });
    await page.getByRole('button', { name: 'Halt all' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Why; it goes on record').fill('the books look wrong');
    for (const nth of [1, 2]) {
      await dialog.getByRole('button', { name: 'Halt every payment' }).click();
      await expect.poll(() => answers).toBe(nth);
      await dialog.getByText('The daemon did not answer.').waitFor();
    }
    await page.keyboard.press('Escape');
    const stale = page.getByText('What is shown could not be read anew.');
    for (const given of [PROXY, { status: 429, json: LIMITED }]) {
      await page.route(`${url}/health/ready`, (each) => each.fulfill(given));
      await stale.waitFor();
      expect(await page.getByRole('heading', { name: 'Open debts' }).count()).toBe(1);
      await page.unrouteAll({ behavior: 'wait' });
      await stale.waitFor({ state: 'detached' });
    }
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
});
