// Velocity's program: histories on the compiled program, held against the accounts to the unit, and
// a payment whose instructions were built from the profile alone. Without the file the recording
// stands in (velocity.test.ts).
import { PublicKey, TransactionInstruction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import type { Chain } from '../../src/core/chain-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import type { PaymentParts } from '../../src/core/signing-ports.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { usdtOf } from '../../src/local/velocity/instructions.ts';
import { createVelocityWorld } from '../../src/local/velocity/world.ts';
import { createVelocityVenue, VELOCITY } from '../../src/venue/velocity/venue.ts';
import { createManualClock } from '../support/clock.ts';
import { velocityProgram } from '../support/programs.ts';
import { playVelocity } from '../support/velocity-play.ts';
import { openVelocityStage, tradeAt } from '../support/velocity-scenarios.ts';

const wired = ({ program, accounts, data }: Instruction) =>
  new TransactionInstruction({
    programId: new PublicKey(program),
    keys: accounts.map(({ address, ...flags }) => ({ pubkey: new PublicKey(address), ...flags })),
    data: Buffer.from(data),
  });

/** The stand-in, which is null, and the compiled program where it is present. */
const programs = [null, ...(velocityProgram === null ? [] : [velocityProgram])];

test.for(programs)(
  'trades, transfers, funding, liquidations: the sum of the facts is the account (program: %s)',
  {
    timeout: 180_000,
  },
  async (file) => {
    const told = await playVelocity(file, 7, 60);
    expect(told.closes.length).toBeGreaterThan(25);
    expect([...told.causes].sort()).toEqual(['liquidation', 'trade']);
    for (const act of ['liquidate', 'liquidate with a fill', 'funding', 'transfer by delegate'])
      expect([...told.done.keys()]).toContain(act);
  },
);

test.for(programs)(
  'instructions built from the profile of the venue settle and withdraw (program: %s)',
  async (programFile) => {
    const world = createVelocityWorld({ programFile, clock: createManualClock() });
    const stage = openVelocityStage(world);
    const { ana } = stage;
    tradeAt(stage, ana, 'long', 2_000_000_000n, 150_000_000n);
    world.movePrice(160_000_000n);
    tradeAt(stage, ana, 'short', 2_000_000_000n, 160_000_000n, true);
    const venue = createVelocityVenue();
    const agent = ana.agent.publicKey.toBase58() as Address;
    const driftUser = await venue.userAddress(agent, 0);
    const readAccounts: Chain['accounts'] = async (addresses) => ({
      slot: world.cluster.slot('processed'),
      accounts: addresses.map((address) => {
        const found = world.cluster.bank.get(address);
        return found === null ? null : { ...found, owner: found.owner as Address };
      }),
    });
    const { accounts } = await readAccounts(await venue.preflightAccounts(driftUser));
    const read = venue.read(driftUser, accounts);
    if (read === null) throw new Error('the account is not there');
    expect(read.funds).toMatchObject({
      deposit: 1_000_000_000n,
      claimable: [{ market: 0, amount: 19_783_000n, held: false }],
      exposed: false,
      blocked: null,
    });
    const source = usdtOf(ana.agent.publicKey).toBase58() as Address;
    const parts = {
      agent,
      source,
      payment: { driftUser, plan: { withdraw: 1_019_000_000n, settleMarkets: [0] } },
    } as unknown as PaymentParts;
    const built = await venue.instructions(parts, read.account, readAccounts);
    expect(built.map((each) => venue.inspect(each)?.effect)).toEqual(['settle', 'withdraw']);
    const landed = world.send(built.map(wired), [world.faucet, ana.agent]);
    // More than was deposited: the profit was settled first.
    expect(landed.execution.postTokens.find((each) => each.owner === agent)?.amount).toBe(
      1_019_000_000n,
    );
    const after = await readAccounts([driftUser]);
    expect(venue.stateOf('drift_user', after.slot, after.accounts[0] ?? null)).toMatchObject({
      counters: { realised: 19_783_000n, withdraws: (1_019_000_000n * 999_289n) / 1_000_000n },
    });
    expect(VELOCITY.profile.title).toBe('Velocity');
  },
);
