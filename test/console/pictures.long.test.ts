// Pictures: those of docs/pictures are what the pages show now. Compared are the words in their
// order and the colours: where a line ends depends on the fonts of the machine. The bytes are the
// same again on a machine with the same fonts and Chromium.
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHROMIUM } from '../support/chromium.ts';
import { drawnAnew, PICTURE_FOLDER } from './picture-book.ts';

/** The words without spaces, since a line may end within a word. */
const wordsOf = (svg: string): string =>
  [...svg.matchAll(/<(?:text|title)[^>]*>([^<]*)</g)]
    .map(([, text = '']) => text)
    .join('')
    .replace(/\s/g, '');
const coloursOf = (svg: string): string[] => [...new Set(svg.match(/#[\da-f]{6}\b/g))].toSorted();

test.skipIf(CHROMIUM === undefined)(
  'the committed pictures are what the pages show: npm run pictures',
  async () => {
    const drawn = await drawnAnew();
    expect([...drawn.keys()].toSorted()).toEqual(globSync('*', { cwd: PICTURE_FOLDER }).toSorted());
    for (const [file, svg] of drawn) {
      const committed = readFileSync(`${PICTURE_FOLDER}/${file}`, 'utf8');
      expect(wordsOf(svg), file).toBe(wordsOf(committed));
      expect(coloursOf(svg), file).toEqual(coloursOf(committed));
    }
  },
);
