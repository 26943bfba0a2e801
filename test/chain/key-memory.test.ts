// Key memory: after a key was sealed, opened and used to sign, no copy of its bytes is left in the
// memory of the process. A process of its own does the work and then looks through its own memory.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const CHILD = path.join(import.meta.dirname, '../support/key-memory-child.ts');

test.skipIf(!existsSync('/proc/self/mem'))(
  'no copy of a key stays in memory after it was used, and the search finds one that does',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', CHILD]);
    expect(JSON.parse(stdout)).toEqual({ whileHeld: true, afterwards: 0, opened: 0, signed: true });
  },
);
