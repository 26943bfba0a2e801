// Pictures: `npm run pictures` writes those of docs/pictures anew as SVG. `npm run pictures --
// FOLDER` writes the console, a statement and a creator's earnings as PNG files into a folder:
// desktop and phone, light and dark. A real daemon shows them. Chromium must be installed.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CHROMIUM } from '../support/chromium.ts';
import { SCHEMES, showOn } from '../support/screen.ts';
import { drawnAnew, drawPages, PICTURE_FOLDER } from './picture-book.ts';

const SCREENS = {
  desktop: { width: 1_280, height: 900 },
  phone: { width: 360, height: 740 },
} as const;

if (CHROMIUM === undefined) {
  process.stderr.write('npm run pictures needs Chromium.\n');
  process.exit(2);
}
const folder = process.argv[2];
if (folder === undefined) {
  mkdirSync(PICTURE_FOLDER, { recursive: true });
  for (const [file, svg] of await drawnAnew()) writeFileSync(path.join(PICTURE_FOLDER, file), svg);
} else {
  mkdirSync(folder, { recursive: true });
  await drawPages(async (page, name) => {
    for (const [screen, size] of Object.entries(SCREENS))
      for (const colorScheme of SCHEMES) {
        await showOn(page, size, colorScheme);
        const file = path.join(folder, `${name}-${screen}-${colorScheme}.png`);
        await page.screenshot({ path: file, fullPage: true });
      }
  });
}
