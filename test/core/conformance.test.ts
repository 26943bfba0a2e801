// Conformance: which programs are known, and what an unknown one does to signing.
import { expect, test } from 'vitest';
import { conformanceOf, signingObjection } from '../../src/core/conformance.ts';

const PROVEN = new Map([['a', 'build of 2024-06']]);
const voucher = (hash: string) => ({ hash, how: 'accepted' as const, reason: 'read it', atMs: 1 });
const at = (hash: string) => ({ hash, slot: 7 });

test('a program is known by the release, or by a voucher for exactly its bytes', () => {
  expect(conformanceOf(null, PROVEN, [])).toEqual({ state: 'unread' });
  expect(conformanceOf(at('a'), PROVEN, [])).toEqual({
    state: 'known',
    ...at('a'),
    as: 'build of 2024-06',
  });
  expect(conformanceOf(at('b'), PROVEN, [voucher('c')])).toEqual({ state: 'unknown', ...at('b') });
  expect(conformanceOf(at('b'), PROVEN, [voucher('c'), voucher('b')])).toEqual({
    state: 'known',
    ...at('b'),
    as: 'accepted: read it',
  });
});

test('under halt only a known program is signed for; under tell every one is', () => {
  const known = { state: 'known', ...at('a'), as: 'x' } as const;
  const unknown = { state: 'unknown', ...at('b') } as const;
  for (const state of [known, unknown, { state: 'unread' } as const])
    expect(signingObjection(state, 'tell')).toBeNull();
  expect(signingObjection(known, 'halt')).toBeNull();
  // This state passes by itself, within seconds.
  expect(signingObjection({ state: 'unread' }, 'halt')).toMatchObject({
    class: 'retry_soon',
    code: 'venue_program_unread',
  });
  // A person must act; no attempts are used up.
  expect(signingObjection(unknown, 'halt')).toMatchObject({
    class: 'needs_authorisation',
    code: 'venue_program_unknown',
  });
});
