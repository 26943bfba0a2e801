// Fitting: a payment is measured as it will be signed, with a price for its compute units, and
// lookup tables are read only where it does not fit one packet without them.
import { expect, test } from 'vitest';
import { createChain } from '../../src/chain/chain.ts';
import { budget } from '../../src/chain/compile.ts';
import { encodeMessage, fitsPacket } from '../../src/chain/message.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import type { Address } from '../../src/core/ids.ts';
import { MEMO_PROGRAM, SYSTEM_PROGRAM } from '../../src/core/programs.ts';

const payer = 'So11111111111111111111111111111111111111112' as Address;
const memoOf = (length: number) => ({
  program: MEMO_PROGRAM,
  accounts: [],
  data: new Uint8Array(length),
});
/** The longest memo with which a transaction with a limit and a price fits. */
const longest = (() => {
  for (let length = 1_232; ; length--) {
    const signed = [...budget(200_000, 5n), memoOf(length)];
    if (fitsPacket(encodeMessage(payer, signed, SYSTEM_PROGRAM))) return length;
  }
})();

test('a payment fits without tables up to the last byte that its price leaves', async () => {
  let read = 0;
  const connection = openConnection('http://127.0.0.1:1', null, async () => {
    throw new Error('no node is asked');
  });
  const witness = { connection, ofOurChain: async () => true } as never;
  const tip = { slot: 1, believes: () => true } as never;
  const chain = createChain(
    { connection, witnesses: { first: witness, second: null }, tip, witnessed: {} as never },
    {
      async read() {
        read++;
        return [];
      },
    },
  );
  expect(await chain.fits(payer, [memoOf(longest)])).toBe(true);
  expect(read).toBe(0);
  expect(await chain.fits(payer, [memoOf(longest + 1)])).toBe(false);
  expect(read).toBe(1);
});
