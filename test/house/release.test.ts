// Release: a tag is released only with its version in both packages and its section in the
// changelog.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { problemsOf, sectionOf } from '../support/release-check.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const changelog = readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8');
const version = (file: string) =>
  (JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as { version: string }).version;

test('both packages have one version, and it has a section in the changelog', () => {
  const versions = Object.fromEntries(
    ['package.json', 'packages/gate-client/package.json', 'packages/verify/package.json'].map(
      (each) => [each, version(each)],
    ),
  );
  expect(problemsOf(`v${version('package.json')}`, versions, changelog)).toEqual([]);
});

test('a section ends where the next release begins', () => {
  const text =
    '# C\n\n## Unreleased\n\n- a\n\n## 0.2.0 - 2026-01-02\n\n- b\n- c\n\n## 0.1.0 - 2026-01-01\n\n- d\n';
  expect(sectionOf(text, '0.2.0')).toBe('- b\n- c');
  expect(sectionOf(text, '0.1.0')).toBe('- d');
  expect(sectionOf(text, '0.2')).toBeNull();
});

test('a wrong tag is told by everything that is wrong about it', () => {
  expect(problemsOf('0.2.0', { 'package.json': '0.1.0' }, '# C\n')).toEqual([
    'package.json has version 0.1.0, the tag says 0.2.0.',
    'The tag 0.2.0 is not vMAJOR.MINOR.PATCH.',
    'CHANGELOG.md has no heading "## 0.2.0 - YYYY-MM-DD".',
  ]);
});
