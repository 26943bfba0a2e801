// Chromium: the browser of tests that look at pages: Debian's, where it is installed.
import { existsSync } from 'node:fs';

/** The path of the browser; undefined where there is none, and its tests are skipped. */
export const CHROMIUM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((each) => existsSync(each));
if (CHROMIUM === undefined)
  process.stderr.write(
    'Tests of pages are skipped: no Chromium (Debian: apt-get install chromium).\n',
  );

/** How tests start it. Without its own sandbox, which does not work for root in a container. */
export const IN_CHROMIUM = {
  executablePath: String(CHROMIUM),
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
};
