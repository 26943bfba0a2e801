// Compose: the variables that compose.yaml passes on and forbids, read from the file, because a
// container engine may be missing.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { KNOWN } from '../../src/system/variables.ts';

const text = readFileSync(path.join(import.meta.dirname, '../../compose.yaml'), 'utf8');
const bailiff = text.slice(text.indexOf('\n  bailiff:'), text.indexOf('\nvolumes:'));
const { bailiff: service } = (
  parse(text) as {
    services: Record<
      'bailiff',
      { environment: Record<string, string | null>; volumes: readonly unknown[] }
    >;
  }
).services;

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

  test('hands on the variables of AWS where they are set, and sets none to an empty text', () => {
    const { environment } = service;
    for (const name of ['REGION', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN'])
      expect(environment[`AWS_${name}`], name).toBeNull();
    // The address that docs/signing-services.md names.
    expect(environment.AWS_ENDPOINT_URL_KMS).toBeNull();
  });

  test('takes a file of settings by its bare name, and makes no folder where it is missing', () => {
    // The short form takes a name without a slash for a volume.
    expect(service.volumes).toEqual([
      {
        type: 'bind',
        source: `\${BAILIFF_CONFIG_FILE:-/dev/null}`,
        target: '/config.json',
        read_only: true,
        bind: { create_host_path: false },
      },
    ]);
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
