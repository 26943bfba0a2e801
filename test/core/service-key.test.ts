// Service key: the names that each signing service gives keys, and the text that proves one.
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import {
  isSignerService,
  proofText,
  requireServiceKey,
  SERVICE_KEY_MOST,
  SIGNER_SERVICES,
  type SignerService,
} from '../../src/core/service-key.ts';

const takes = (service: SignerService, key: string): boolean => {
  try {
    requireServiceKey({ service, key });
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === 'body_invalid') return false;
    throw error;
  }
};

test('services without a signer here are told apart', () => {
  expect(SIGNER_SERVICES.every(isSignerService)).toBe(true);
  expect(['gcp-kms', '', 'Vault', 'toString'].some(isSignerService)).toBe(false);
});

describe('names of keys', () => {
  const ARN = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab';
  test.each([
    [
      'vault',
      ['agent-ana', 'a.b_c', '-x', 'x'.repeat(128)],
      ['.x', 'a/b', '', 'x'.repeat(129), 'a b'],
    ],
    [
      'aws-kms',
      ['1234abcd-12ab', 'alias/bailiff/ana', ARN],
      ['alias/', 'arn:aws:s3:::b', 'a/b', `x ${ARN}`, `${ARN} x`],
    ],
    ['turnkey', ['a1b2c3d4-0000', 'x'.repeat(64)], ['a b', '', 'x'.repeat(65), 'a/b']],
    ['fireblocks', ['0', '7', '1'.repeat(20)], ['-1', '1'.repeat(21), '7a', 'a7', '']],
  ] as const)('%s', (service, good, bad) => {
    for (const each of good) expect(takes(service, each), each).toBe(true);
    for (const each of bad) expect(takes(service, each), each).toBe(false);
  });

  test('no name is longer than the longest that any service gives', () => {
    expect(takes('aws-kms', `arn:aws:kms:${'x'.repeat(300)}`)).toBe(true);
    expect(`arn:aws:kms:${'x'.repeat(300)}`.length).toBeLessThanOrEqual(SERVICE_KEY_MOST);
    expect(takes('aws-kms', `arn:aws-${'x'.repeat(60)}:kms:${'x'.repeat(300)}`)).toBe(false);
    expect(() => requireServiceKey({ service: 'turnkey', key: 'a b' })).toThrow(
      'agentSigner.key must be the id of a private key, or its address, as turnkey names it.',
    );
  });
});

test('the proof is an off-chain message of Solana, with its length, and no transaction', () => {
  const address = 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v';
  const text = `Bailiff asks whether this key signs for ${address}.`;
  expect(Buffer.from(proofText(address)).toString('latin1')).toBe(
    `\xffsolana offchain\0\0${String.fromCharCode(text.length)}\0${text}`,
  );
  // A transaction begins with the number of its signatures, a message with 0x80 or that number.
  expect(proofText(address)[0]).toBe(0xff);
  expect(Array.from(proofText('x'.repeat(300)).subarray(18, 20))).toEqual([341 & 0xff, 341 >> 8]);
});
