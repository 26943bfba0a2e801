// Recognition: which build bytes are taken for, on the compiled programs that are present and on
// bytes that are no program.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { recognise } from '../../src/local/recognition.ts';
import { CURRENT_BUILD, OLDER_BUILDS } from '../../src/venue/drift-v2/builds.ts';
import { compiledPrograms, sayIfNone } from '../support/programs.ts';

sayIfNone('recognition');

test('bytes that are no program are taken for the current build, on which the suite fails', () => {
  expect(recognise(Buffer.from('\x7fELF, and no program'))).toBe(CURRENT_BUILD);
});

test.each(compiledPrograms)('%s with more bytes behind it is still taken for its build', (file) => {
  const bytes = readFileSync(file);
  const build = recognise(bytes);
  expect(OLDER_BUILDS).toContain(build);
  expect(recognise(Buffer.concat([bytes, Buffer.from('more')]))).toBe(build);
});
