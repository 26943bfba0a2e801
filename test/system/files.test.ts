// Files: connections never take the last file descriptors of the process.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { connectionsWithin, openFilesMost } from '../../src/system/files.ts';

const FILES = path.join(import.meta.dirname, '../../src/system/files.ts');

test.each([
  [4_096, null, 4_096],
  [4_096, 1_048_576, 4_096],
  [4_096, 4_396, 4_096],
  [4_096, 1_024, 724],
  [4_096, 256, 64],
  [10, 256, 10],
])('of %i connections, where %o files may be open, %i are taken', (most, files, wanted) => {
  expect(connectionsWithin(most, files)).toBe(wanted);
});

test('the limit is the one that the process has', () => {
  const code = `import { openFilesMost } from ${JSON.stringify(FILES)}; console.log(openFilesMost())`;
  const script = `ulimit -n 777; exec "$0" --input-type=module -e "$1"`;
  const told = execFileSync('/bin/sh', ['-c', script, process.execPath, code], {
    encoding: 'utf8',
  });
  expect(told.trim()).toBe('777');
  const line = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  expect(openFilesMost()).toBe(line === 'unlimited' ? null : Number(line));
});
