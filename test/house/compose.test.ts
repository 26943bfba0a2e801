// Compose: the variables that compose.yaml passes on and forbids, read from the file, because a
// container engine may be missing.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { KNOWN } from '../../src/system/variables.ts';

const text = readFileSync(path.join(import.meta.dirname, '../../compose.yaml'), 'utf8');
const bailiff = text.slice(text.indexOf('\n  bailiff:'), text.indexOf('\nvolumes:'));

/**
 * Variables without a meaning in the image, which listens on its published port and has no local
 * world.
 */
const NOT_IN_THE_IMAGE = [
  'BAILIFF_HTTP_HOST',
  'BAILIFF_HTTP_PORT',
  'BAILIFF_STATE_FOLDER',
  'BAILIFF_DRIFT_PROGRAM',
  'BAILIFF_VELOCITY_PROGRAM',
  'BAILIFF_FIXTURES',
];

describe('compose.yaml', () => {
  test('hands on every setting, so that none in .env is ignored', () => {
    const given = [...bailiff.matchAll(/^ {6}((?:BAILIFF|DATABASE)_\w+): (.*)$/gm)];
    const names = given.map((each) => each[1]);
    expect(names.sort()).toEqual(KNOWN.filter((each) => !NOT_IN_THE_IMAGE.includes(each)).sort());
    for (const [, name = '', value = ''] of given)
      expect(value, name).toMatch(new RegExp(`^\\$\\{${name}(_FILE)?(:|\\})`));
  });

  test('does not let a mode be swallowed: what is not set is empty, which is not set', () => {
    expect(bailiff).toContain(`BAILIFF_MODE: \${BAILIFF_MODE:-}`);
  });

  test('publishes the API on loopback alone, and takes from the container what it does not need', () => {
    expect(bailiff.match(/^ {6}- "(.*:8080)"$/m)?.[1]).toBe('127.0.0.1:8080:8080');
    for (const line of [
      'read_only: true',
      '- ALL',
      'no-new-privileges:true',
      'mem_limit: 1g',
      'core: 0',
    ])
      expect(bailiff, line).toContain(line);
  });
});
