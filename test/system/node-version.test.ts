// Node version: an older Node is refused with a sentence that says which one is needed.
import { expect, test } from 'vitest';
import { requireNode } from '../../src/system/node-version.ts';

test.each(['24.15.0', '24.21.0', '26.0.0'])('Node %s is taken', (version) => {
  expect(() => requireNode(version)).not.toThrow();
});

test.each(['20.19.4', '24.0.0', '24.14.9'])('Node %s is refused', (version) => {
  expect(() => requireNode(version)).toThrow(
    expect.objectContaining({
      code: 'settings_invalid',
      message: expect.stringContaining(`needs Node 24.15 or newer, and this is ${version}.`),
    }),
  );
});
