// Velocity, swaps: what the wallet spends between the two instructions of a swap with the venue's
// tokens. Its compiled program executes them, or a recording answers (velocity-tape.ts); the
// transfers in between are then shown to the hearing as calls of Jupiter, which they are on
// mainnet.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createCloseAccountInstruction,
  createTransferInstruction,
} from '@solana/spl-token';
import { describe, expect, test } from 'vitest';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { USDT as MINT } from '../../src/local/velocity/genesis.ts';
import { instructions, type Trader, usdtOf } from '../../src/local/velocity/instructions.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { hear } from '../support/hear.ts';
import { OTHER, TOKEN } from '../support/made-transaction.ts';
import { transactionOf } from '../support/transaction.ts';
import { swapOfUsdt } from '../support/velocity-liquidations.ts';
import { watchedOf } from '../support/velocity-stage.ts';
import { openTape } from '../support/velocity-tape.ts';
import { noticesOf, outflowsOf, sendOf } from '../support/velocity-ways.ts';

const tape = openTape('velocity-swap.json');
const USDT = 1_000_000n;

/** Shows each transfer that the test made by hand as a call of Jupiter. */
const throughJupiter = (given: ChainTransaction): ChainTransaction => ({
  ...given,
  instructions: given.instructions.map((each) => {
    const transfer = each.program === TOKEN && each.data[0] === 3;
    return transfer
      ? { program: OTHER, accounts: each.accounts, data: Uint8Array.of(1), inner: [each] }
      : each;
  }),
});
const heard = (landed: Landed, trader: Trader) =>
  hear(VELOCITY, throughJupiter(transactionOf(landed)), watchedOf(trader)).map(({ body }) => body);

describe(tape.where, () => {
  test('tokens that the wallet held before have left when a swap spends them', () => {
    const stage = tape.stage();
    const { ana } = stage;
    const owner = ana.agent.publicKey;
    const own = usdtOf(owner);
    const send = sendOf(stage, ana);
    send(instructions.withdraw(ana, own, 400n * USDT));
    // A swap of one USDT at a fair price, and 400 USDT that were in the wallet.
    const { begin, end, exchange } = swapOfUsdt(stage, ana, USDT, 6_666_667n);
    const pool = exchange[0]?.keys[1]?.pubkey;
    if (pool === undefined) throw new Error('the exchange takes tokens first');
    const older = createTransferInstruction(own, pool, owner, 400n * USDT);
    const bodies = heard(send(begin, ...exchange, older, end), ana);
    expect(outflowsOf(bodies)).toMatchObject([
      { route: 'token_transfer', amount: 400n * USDT, destination: pool.toBase58() },
    ]);
    expect(noticesOf(bodies)).toEqual([]);
  });

  test('a swap through an account that the transaction makes is no outflow', () => {
    const stage = tape.stage();
    const { world, ana } = stage;
    const { faucet } = world;
    const owner = ana.agent.publicKey;
    const own = usdtOf(owner);
    const send = sendOf(stage, ana);
    send(
      createAssociatedTokenAccountIdempotentInstruction(faucet.publicKey, own, owner, MINT),
      createCloseAccountInstruction(own, faucet.publicKey, owner),
    );
    const open = createAssociatedTokenAccountIdempotentInstruction(owner, own, owner, MINT);
    const close = createCloseAccountInstruction(own, owner, owner);
    const { begin, end, exchange } = swapOfUsdt(stage, ana, 150n * USDT, 1_000_000_000n);
    for (const last of [[close], []]) {
      const bodies = heard(send(open, begin, ...exchange, end, ...last), ana);
      expect(outflowsOf(bodies)).toEqual([]);
      expect(noticesOf(bodies)).toEqual([]);
    }
  });

  test('a loss of 1.9 per cent in each of three swaps is three notices with the losses', () => {
    const stage = tape.stage();
    const { ana } = stage;
    const send = sendOf(stage, ana);
    const losses = Array.from({ length: 3 }, () => {
      const { begin, end, exchange } = swapOfUsdt(stage, ana, 100n * USDT, 653_550_000n);
      const bodies = heard(send(begin, ...exchange, end), ana);
      expect(outflowsOf(bodies)).toEqual([]);
      return bodies.filter(({ kind }) => kind === 'notice');
    });
    // 100 USDT at 0.999289, less 0.65355 SOL at 150.
    const loss = { what: 'swap_loss', amount: 1_896_400n };
    expect(losses).toMatchObject([[loss], [loss], [loss]]);
  });
});
