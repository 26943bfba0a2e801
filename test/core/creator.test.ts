// Creator: which addresses may be paid, for every kind of account that can stand at one.
import { describe, expect, test } from 'vitest';
import { creatorObjection, proofObjection } from '../../src/core/creator.ts';
import type { Address } from '../../src/core/ids.ts';
import { SYSTEM_PROGRAM } from '../../src/core/programs.ts';
import { addressOf } from '../support/ledger.ts';

const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;
const TOKEN_2022 = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb' as Address;
const LOADER = 'BPFLoaderUpgradeab1e11111111111111111111111' as Address;
const VENUE = addressOf(600);
const GOVERNANCE = addressOf(601);
const wallet = addressOf(602);

const code = (
  given: {
    address?: Address;
    onCurve?: boolean;
    owner?: Address | null;
    bytes?: number;
    offCurve?: boolean;
    proven?: boolean;
  } = {},
): string | null => {
  const { owner = SYSTEM_PROGRAM, bytes = 0 } = given;
  return (
    creatorObjection(
      {
        address: given.address ?? wallet,
        onCurve: given.onCurve ?? true,
        account: owner === null ? null : { owner, bytes },
      },
      {
        offCurve: given.offCurve ?? false,
        proven: given.proven ?? false,
        venues: new Set([VENUE]),
      },
    )?.code ?? null
  );
};

describe('on the curve', () => {
  test('a wallet is payable, with SOL or without an account', () => {
    expect(code()).toBeNull();
    expect(code({ owner: null })).toBeNull();
  });
  test.each([
    ['a token account or mint', { owner: TOKEN, bytes: 165 }],
    ['a Token-2022 account', { owner: TOKEN_2022, bytes: 170 }],
    ['a program', { owner: LOADER, bytes: 36 }],
    ['an account of the venue', { owner: VENUE, bytes: 4_376 }],
    ['an account of any program', { owner: GOVERNANCE, bytes: 10 }],
    ['a nonce account', { bytes: 80 }],
    ['the system program', { address: SYSTEM_PROGRAM, owner: null }],
    ['the token program', { address: TOKEN, owner: null }],
    ['the venue program', { address: VENUE, owner: null }],
    [
      'a sysvar',
      { address: 'SysvarC1ock11111111111111111111111111111111' as Address, owner: null },
    ],
    [
      'the incinerator',
      { address: '1nc1nerator11111111111111111111111111111111' as Address, owner: null },
    ],
  ])('%s is not, whatever the terms say', (_, given) => {
    expect(code(given)).toBe('creator_not_payable');
    expect(code({ ...given, offCurve: true, proven: true })).toBe('creator_not_payable');
  });
});

test('an account of every loader is a program, whatever the terms say', () => {
  for (const owner of [
    'NativeLoader1111111111111111111111111111111',
    'BPFLoader1111111111111111111111111111111111',
    'BPFLoader2111111111111111111111111111111111',
    LOADER,
    'LoaderV411111111111111111111111111111111111',
  ] as Address[]) {
    expect(code({ owner, bytes: 36, onCurve: false })).toBe('creator_not_payable');
    expect(code({ owner, bytes: 36, onCurve: false, offCurve: true })).toBe('creator_not_payable');
  }
});

test('an account of a program is no wallet, also an empty one', () =>
  expect(code({ owner: GOVERNANCE, bytes: 0 })).toBe('creator_not_payable'));

test('ones at the beginning, or a single one at the end, are ordinary in an address', () => {
  for (const address of ['11111111Creator', 'Creator11111111x', 'Creator1', 'Creator1111111'])
    expect(code({ address: address as Address }), address).toBeNull();
  expect(code({ address: 'Creator11111111' as Address })).toBe('creator_not_payable');
});

describe('off the curve', () => {
  const off = { onCurve: false, offCurve: true };
  test('needs a word in the terms', () => {
    expect(code({ onCurve: false })).toBe('creator_off_curve');
    expect(code({ onCurve: false, owner: null, proven: true })).toBe('creator_off_curve');
  });
  test('a vault that exists is payable: with SOL alone, or with data of its program', () => {
    expect(code(off)).toBeNull();
    expect(code({ ...off, owner: GOVERNANCE, bytes: 200 })).toBeNull();
  });
  test('an address without an account could be a token account that is not open: it needs proof', () => {
    expect(code({ ...off, owner: null })).toBe('creator_unproven');
    expect(code({ ...off, owner: null, proven: true })).toBeNull();
  });
  test('a token account never', () =>
    expect(code({ ...off, owner: TOKEN, bytes: 165, proven: true })).toBe('creator_off_curve'));
  test.each([
    ['an account of the venue', { owner: VENUE, bytes: 4_376 }],
    ['a program account', { owner: LOADER, bytes: 36 }],
    [
      'a lookup table',
      { owner: 'AddressLookupTab1e1111111111111111111111111' as Address, bytes: 56 },
    ],
    ['a stake account', { owner: 'Stake11111111111111111111111111111111111111' as Address }],
    ['a system account with data', { bytes: 80 }],
  ])('%s never', (_, given) =>
    expect(code({ ...off, proven: true, ...given })).toBe('creator_not_payable'),
  );
});

describe('a derivation', () => {
  const proof = { program: GOVERNANCE, seeds: [new Uint8Array([1])] };
  const judged = (derived: Address | null, owner: Address | null, program = GOVERNANCE) =>
    proofObjection(
      wallet,
      { ...proof, program },
      derived,
      owner === null ? null : { owner },
      new Set([VENUE]),
    )?.code ?? null;
  test('shows who signs, when an existing program derives exactly this address', () => {
    expect(judged(wallet, LOADER)).toBeNull();
    expect(judged(addressOf(603), LOADER)).toBe('creator_unproven');
    expect(judged(null, LOADER)).toBe('creator_unproven');
    expect(judged(wallet, null)).toBe('creator_unproven');
    expect(judged(wallet, SYSTEM_PROGRAM)).toBe('creator_unproven');
  });
  test.each([
    ['the associated token program', 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL' as Address],
    ['the token program', TOKEN],
    ['the venue', VENUE],
    ['a native program', 'Stake11111111111111111111111111111111111111' as Address],
  ])('shows nothing for %s', (_, program) =>
    expect(judged(wallet, LOADER, program)).toBe('creator_not_payable'),
  );
});
