// Screen: how wide a page is shown, and in the colours of which scheme.
import type { Page } from 'playwright-core';

export const SCHEMES = ['light', 'dark'] as const;
type Scheme = (typeof SCHEMES)[number];

/**
 * Ends in the frame of the browser after the one in which the page has the width and the scheme:
 * the browser tells its scripts of both before that frame, and they draw charts anew. An observer
 * tells of frames, since a clock that Playwright sets stands in for requestAnimationFrame.
 */
const shown = (width: number, scheme: Scheme): string => `(async () => {
  const frame = () =>
    new Promise((done) => {
      const observer = new IntersectionObserver(() => {
        observer.disconnect();
        done();
      });
      observer.observe(document.body);
    });
  const isShown = () =>
    innerWidth === ${width} && matchMedia('(prefers-color-scheme: ${scheme})').matches;
  while (!isShown()) await frame();
  await frame();
})()`;

/** Shows a page on a screen and in a scheme, and waits until its scripts have drawn it so. */
export async function showOn(
  page: Page,
  screen: { width: number; height: number },
  scheme: Scheme,
): Promise<void> {
  await page.setViewportSize(screen);
  await page.emulateMedia({ colorScheme: scheme });
  await page.evaluate(shown(screen.width, scheme));
}
