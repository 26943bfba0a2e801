// Hearing share: to which part a subscriber belongs, and how many parts a daemon holds at most.
import { expect, test } from 'vitest';
import { fairShare, PARTS, partOf } from '../../src/core/hearing-share.ts';

test('the first byte of the hash gives the part', () => {
  expect([0, 1, 63, 64, 255].map((byte) => partOf(Uint8Array.of(byte, 9)))).toEqual([
    0, 1, 63, 0, 63,
  ]);
  expect(partOf(new Uint8Array())).toBe(0);
});

test('so many daemons hold every part between them, and none holds one more than another needs', () => {
  expect([1, 2, 3, 10, 64, 65].map((each) => fairShare(each))).toEqual([64, 32, 22, 7, 1, 1]);
  // Of ten daemons none holds seven parts while another one holds fewer than six.
  expect([1, 5, 6, 7].map((least) => fairShare(10, least))).toEqual([6, 6, 7, 7]);
  for (let daemons = 1; daemons <= PARTS; daemons++)
    expect(fairShare(daemons) * daemons).toBeGreaterThanOrEqual(PARTS);
  expect(fairShare(0)).toBe(PARTS);
});
