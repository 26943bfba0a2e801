// Accessible: what a page lacks for people who use a keyboard, a screen reader, a phone or weak
// eyes, measured in the browser from the tree and the computed styles. The tests of pages measure
// each view in which they are.
import type { Page } from 'playwright-core';
import { SCHEMES, showOn } from './screen.ts';

/** The least contrast of text (WCAG 2.2, 1.4.3) and of the outline of a focus (1.4.11). */
const CONTRAST = { text: 4.5, focus: 3 } as const;
/** The least width of the outline of a focus, in CSS pixels. */
const OUTLINE_LEAST = 2;
const FOCUSABLE = 'a[href],button,input,select,textarea,summary,[tabindex="0"]';

/** Functions of the browser that both measures use; they run in the page. */
const TOOLS = `
  const shown = (element) => {
    const { width, height, right, bottom } = element.getBoundingClientRect();
    return width > 1 && height > 1 && right > 0 && bottom > 0 && element.checkVisibility();
  };
  const nameOf = (element) => {
    const by = element.getAttribute('aria-labelledby');
    const texts = [
      element.getAttribute('aria-label'),
      by && (document.getElementById(by)?.textContent ?? ''),
      ...[...(element.labels ?? [])].map((each) => each.textContent),
      element.tagName === 'INPUT' ? '' : element.textContent,
      element.getAttribute('title'),
    ];
    if (by && !document.getElementById(by)?.textContent) return '';
    return (texts.find((each) => (each ?? '').trim() !== '') ?? '').trim().replace(/\\s+/g, ' ');
  };
  const told = (element) =>
    element.tagName.toLowerCase() + ' "' + nameOf(element).slice(0, 40) + '"';
  const coloursIn = (text) => {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\\d.]+/g) ?? []).map(Number);
    return { rgb: [r, g, b], alpha: a };
  };
  const over = ({ rgb, alpha }, below) => rgb.map((each, at) => each * alpha + below[at] * (1 - alpha));
  const paper = () =>
    matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  const backgroundOf = (element) => {
    if (element === null) return paper();
    const own = coloursIn(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.rgb : over(own, backgroundOf(element.parentElement));
  };
  const opacityOf = (element) =>
    element === null ? 1 : Number(getComputedStyle(element).opacity) * opacityOf(element.parentElement);
  const lightOf = (rgb) => {
    const [r, g, b] = rgb.map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrastOf = (one, other) => {
    const [low, high] = [lightOf(one), lightOf(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };`;

const LACKS = `(() => { ${TOOLS}
  const found = [];
  for (const element of document.querySelectorAll('${FOCUSABLE},[role="img"],[role="region"],dialog,table'))
    if (element.checkVisibility() && (element.tagName === 'TABLE' ? !element.caption?.textContent : nameOf(element) === ''))
      found.push('no name: ' + element.outerHTML.slice(0, 80));
  for (const table of document.querySelectorAll('table')) {
    const heads = table.querySelectorAll('thead th[scope="col"]').length;
    for (const row of table.tBodies[0]?.rows ?? [])
      if (row.cells.length !== heads) found.push(row.cells.length + ' cells under ' + heads + ' headers: ' + table.caption?.textContent);
  }
  let texts = 0;
  const measure = (element, style, faded, what) => {
    texts++;
    const background = backgroundOf(element);
    const own = coloursIn(style.color);
    const colour = over({ rgb: own.rgb, alpha: own.alpha * faded }, background);
    const contrast = contrastOf(colour, background);
    if (contrast < ${CONTRAST.text}) found.push('contrast ' + contrast.toFixed(2) + ': ' + what);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: element, data } = walker.currentNode;
    if (data.trim() === '' || !shown(element) || ['STYLE', 'SCRIPT'].includes(element.tagName)) continue;
    measure(element, getComputedStyle(element), opacityOf(element), data.trim().slice(0, 40));
  }
  for (const element of document.querySelectorAll('td')) {
    const before = getComputedStyle(element, '::before');
    if (before.content === 'none' || !shown(element)) continue;
    measure(element, before, opacityOf(element) * Number(before.opacity), 'label ' + element.dataset.name);
  }
  if (texts === 0) found.push('no text was measured');
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push('scrolls sideways: ' + scrollWidth + ' of ' + clientWidth);
  return found;
})()`;

/**
 * What the page in its present size and scheme lacks: names of controls, regions, pictures and
 * tables; headers of tables; contrast of texts; a width without scrolling. Empty when nothing.
 */
export const lacksOf = (page: Page): Promise<string[]> => page.evaluate(LACKS);

const FOCUSED = `(() => { ${TOOLS}
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
  const around = backgroundOf(element.parentElement);
  const visible = outlineStyle === 'solid' && parseFloat(outlineWidth) >= ${OUTLINE_LEAST}
    && contrastOf(coloursIn(outlineColor).rgb, around) >= ${CONTRAST.focus};
  return { what: told(element), visible };
})()`;
const IN_ORDER = `(() => { ${TOOLS}
  const modal = document.querySelector('dialog[open]');
  return [...(modal ?? document).querySelectorAll('${FOCUSABLE}')]
    .filter((each) => each.checkVisibility() && !each.disabled).map(told);
})()`;
/**
 * The Tab key goes on from the last focus, so a mark in front of the first control takes it first.
 */
const MARKED = `{
  const mark = document.createElement('i');
  mark.tabIndex = -1;
  mark.id = 'start-of-tabs';
  (document.querySelector('dialog[open]') ?? document.body).prepend(mark);
  mark.focus();
}`;

/**
 * What the keyboard alone lacks: the stops of the Tab key from the top of the page must be every
 * control in its order in the page, each with an outline. Empty when nothing.
 */
export async function keyboardLacksOf(page: Page): Promise<string[]> {
  const wanted = await page.evaluate<string[]>(IN_ORDER);
  await page.evaluate(MARKED);
  const found: string[] = [];
  for (const [nth, control] of wanted.entries()) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate<{ what: string; visible: boolean } | null>(FOCUSED);
    if (stop?.what !== control) {
      found.push(`stop ${nth + 1} is ${stop?.what}, not ${control}`);
      break;
    }
    if (!stop.visible) found.push(`no visible focus: ${stop.what}`);
  }
  await page.evaluate("document.getElementById('start-of-tabs').remove()");
  return wanted.length === 0 ? ['no control'] : found;
}

const DESKTOP = { width: 1_280, height: 900 };
const PHONE = { width: 360, height: 740 };

/**
 * What a view lacks on a desktop and on a phone, in the light and in the dark scheme. The keyboard
 * is tried in one scheme on each screen, the dark one on the phone. Leaves the page on a desktop in
 * the light scheme.
 */
export async function lacksEverywhere(page: Page, view: string): Promise<string[]> {
  const found: string[] = [];
  for (const screen of [DESKTOP, PHONE])
    for (const colorScheme of SCHEMES) {
      await showOn(page, screen, colorScheme);
      const lacks = await lacksOf(page);
      if ((screen === PHONE) === (colorScheme === 'dark'))
        lacks.push(...(await keyboardLacksOf(page)));
      found.push(...lacks.map((each) => `${view}, ${screen.width} ${colorScheme}: ${each}`));
    }
  await showOn(page, DESKTOP, 'light');
  return found;
}
