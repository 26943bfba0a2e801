// Console: the operator's page in a real Chromium, against a whole daemon: signing in, what needs a
// person, one subscriber's story, an act with confirmation; by keyboard, in the dark, on a phone.
import { Keypair } from '@solana/web3.js';
import { chromium, type Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { lacksEverywhere, lacksOf } from '../support/accessible.ts';
import { asking } from '../support/ask.ts';
import { CHROMIUM, IN_CHROMIUM } from '../support/chromium.ts';
import { keyOf } from '../support/key-of.ts';
import { showOn } from '../support/screen.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const text = (page: Page): Promise<string> => page.locator('body').textContent().then(String);

test.skipIf(CHROMIUM === undefined)('an operator sees what is wrong and acts on it', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const bo = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('bo', bo, creator);
  profitableClose(driver, bo);
  const share = await street.share('bo', (each) => each.reason?.code === 'agent_needs_sol');
  const key = await keyOf(street, 'operator');
  const reader = await keyOf(street, 'gate:read');
  const { url } = street.app();
  const ask = asking(() => url);
  await expect.poll(async () => (await ask('GET', '/v1/overview')).status).toBe(401);

  const browser = await chromium.launch(IN_CHROMIUM);
  try {
    const context = await browser.newContext({
      colorScheme: 'light',
      viewport: { width: 1_280, height: 900 },
    });
    const page = await context.newPage();
    const faults: string[] = [];
    const elsewhere: string[] = [];
    page.on('pageerror', (thrown) => faults.push(thrown.message));
    page.on('console', (line) => {
      if (/Content Security Policy/.test(line.text())) faults.push(line.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) elsewhere.push(request.url());
    });
    await page.goto(`${url}/console`);
    const signIn = async (given: string) => {
      await page.getByLabel('API key with the scope operator').fill(given);
      await page.getByLabel('Your name, for the record').fill('Nadia');
      await page.keyboard.press('Enter');
    };
    const lacks = await lacksOf(page);
    await signIn('bailiff_wrong_key');
    await page.getByText('That is no live API key.').waitFor();
    await signIn(reader);
    await page.getByText('The console needs a key with the scope operator.').waitFor();
    await signIn(key);
    await page.getByRole('heading', { name: 'Open debts' }).waitFor();
    expect(
      await page.getByRole('region', { name: 'Open debts by reason and age' }).textContent(),
    ).toMatch(/agent needs SOL\s*pending\s*under an hour\s*1\s*\d+\.\d{6} USDC/);
    lacks.push(...(await lacksEverywhere(page, 'overview')));
    // The cookie alone, without the header that only this page adds, opens nothing.
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    const bare = { cookie: `${cookie?.name}=${cookie?.value}` };
    expect((await ask('GET', '/v1/overview', undefined, bare)).status).toBe(401);

    // The first stop of the keyboard skips to the content; the search is reached from there.
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Skip');
    await page.getByRole('searchbox', { name: 'Subscriber' }).fill('bo');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'bo: allow' }).waitFor();
    expect(await text(page)).toContain('10 % of');
    expect(await page.getByRole('listitem').filter({ hasText: 'Close' }).count()).toBe(1);
    // While another subscriber is read, nothing of the one before stands under its name.
    const reading = Promise.withResolvers<void>();
    await page.route(`${url}/v1/subscribers/cy`, async (each) => {
      await reading.promise;
      await each.continue();
    });
    await page.evaluate("location.hash = '#/subscriber/cy'");
    await page.getByText('Reading cy …').waitFor();
    expect(await page.getByRole('heading', { level: 2 }).count()).toBe(0);
    reading.resolve();
    await page.getByRole('alert').filter({ hasText: 'cy' }).waitFor();
    await page.evaluate("location.hash = '#/subscriber/bo'");
    await page.getByRole('heading', { name: 'bo: allow' }).waitFor();

    await page.getByRole('button', { name: 'Void' }).first().press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    lacks.push(...(await lacksEverywhere(page, 'dialog of a subscriber')));
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog.count()).toBe(0);
    lacks.push(...(await lacksEverywhere(page, 'subscriber')));
    expect(lacks).toEqual([]);
    await page.getByRole('button', { name: 'Void' }).first().press('Enter');
    await dialog.getByLabel('Why; it goes on record').fill('agreed with the creator');
    await page.keyboard.press('Enter');
    await page.getByText(`Void ${share.id}: done.`).waitFor();
    await page.getByText('agreed with the creator').first().waitFor();
    const authorization = { authorization: `Bearer ${key}` };
    const voided = await ask('GET', `/v1/shares/${share.id}`, undefined, authorization);
    expect(voided.body).toMatchObject({
      status: 'voided',
      voided: { reason: 'agreed with the creator', person: 'Nadia' },
    });

    // What the sources would tell of a gap, a suspicion and observed debts is put in their place;
    // the page sends the act of each only after it was confirmed with a reason.
    const acted: unknown[] = [];
    const told = async (route: string, more: (found: Record<string, unknown>) => object) =>
      page.route(`${url}${route}`, async (each) => {
        if (each.request().method() === 'GET') {
          const found = (await (await each.fetch()).json()) as Record<string, unknown>;
          await each.fulfill({ json: { ...found, ...more(found) } });
        } else {
          acted.push([route, each.request().postDataJSON()]);
          await each.fulfill({ status: 204 });
        }
      });
    await told('/v1/hearing', () => ({
      gaps: [{ address: 'Acc1', subscriber: 'bo', ageMs: 60_000, difference: {} }],
    }));
    await told('/v1/hearing/suspicions', () => ({
      suspicions: [{ subscriber: 'bo', amount: '5000000', kinds: [] }],
    }));
    const left = { left: '7000000', decimals: 6, symbol: 'USDC', debts: 2, age: 0 };
    await told('/v1/overview', () => ({
      debts: [{ ...left, reason: null, status: 'pending', observed: true }],
      excesses: [
        {
          payment: 'lost-1',
          subscriber: 'bo',
          wallets: [creator.toBase58()],
          slot: 300_000_000,
          amount: '9000000',
          excess: '4000000',
          decimals: 6,
          symbol: 'USDC',
          signature: null,
        },
      ],
    }));
    await told('/v1/payments/lost-1/accept', () => ({}));
    for (const route of ['/v1/hearing/acceptances', '/v1/hearing/reviews', '/v1/adoptions'])
      await told(route, () => ({}));
    await page.evaluate("location.hash = '#/'");
    const settle = async (name: string, slot?: string) => {
      await page.getByRole('button', { name, exact: true }).press('Enter');
      const asked = page.getByRole('dialog');
      await asked.waitFor();
      if (slot !== undefined) await asked.getByLabel('From this slot on').fill(slot);
      await asked.getByLabel('Why; it goes on record').fill('looked at it');
      await page.keyboard.press('Enter');
      await page.getByText(`${name}: done.`).waitFor();
    };
    await settle('Accept the state of Acc1');
    await settle('Close the suspicion of bo');
    await settle('Adopt observed debts', '300000000');
    expect(await text(page)).toContain('debts explain all but 4.000000 USDC');
    // The excess is accepted with the mouse alone, and once more with the keyboard alone.
    const accept = 'Accept the excess of lost-1';
    await page.getByRole('button', { name: accept }).click();
    await dialog.getByLabel('Why; it goes on record').fill('looked at it');
    await dialog.getByRole('button', { name: accept }).click();
    await page.getByText(`${accept}: done.`).waitFor();
    await settle(accept);
    // The sentence of the first act may still stand while the second is on its way.
    await expect.poll(() => acted.length).toBe(5);
    // The keyboard goes on where the act was asked for.
    await expect.poll(() => page.evaluate('document.activeElement.ariaLabel')).toBe(accept);
    const reason = 'looked at it';
    expect(acted).toEqual([
      ['/v1/hearing/acceptances', { address: 'Acc1', reason }],
      ['/v1/hearing/reviews', { subscriber: 'bo', reason }],
      ['/v1/adoptions', { fromSlot: 300_000_000, reason }],
      ['/v1/payments/lost-1/accept', { reason }],
      ['/v1/payments/lost-1/accept', { reason }],
    ]);
    // The page asks every five seconds: answers that are on their way are waited for.
    await page.unrouteAll({ behavior: 'wait' });

    const colours = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await colours();
    await showOn(page, { width: 360, height: 740 }, 'dark');
    expect(await colours()).not.toBe(light);
    for (const view of ['#/', '#/subscriber/bo']) {
      await page.evaluate(`location.hash = '${view}'`);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key with the scope operator').waitFor();
    expect((await context.cookies()).length).toBe(0);
    expect(faults).toEqual([]);
    expect(elsewhere).toEqual([]);
  } finally {
    await browser.close();
  }
});
