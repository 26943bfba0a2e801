// Emptied gift: a withdrawal pays the owner of its token account at that call. Here a debtor
// empties a token account and then gives it to the creator.
import {
  ACCOUNT_SIZE,
  AuthorityType,
  createAssociatedTokenAccountIdempotentInstruction,
  createInitializeAccount3Instruction,
  createSetAuthorityInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import { Keypair, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { instructions as velocity } from '../../src/local/velocity/instructions.ts';
import { factsOf, sightingsIn } from '../support/heard-rows.ts';
import { openStreet, profitableClose, unscheduled } from '../support/street.ts';

/** `alone`: the agent itself takes the money, else a friend's wallet. */
test.each([
  ['drift-v2', false],
  ['velocity', true],
] as const)(
  'at %s, an empty token account that is given to the creator pays no debt (agent alone: %s)',
  async (venue, alone) => {
    await using street = await openStreet({ venues: [venue], settings: unscheduled() });
    const { people, driver } = street;
    const { mint } = people.quote;
    const creator = Keypair.generate().publicKey;
    const trader = people.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
    await street.subscribe('ana', trader, creator, 1_000, {}, venue);
    profitableClose(people, trader);
    const { amount } = await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
    const owed = BigInt(amount);
    const holder = alone ? trader.agent : Keypair.generate();
    const account = Keypair.generate();
    const at = account.publicKey;
    const keep = getAssociatedTokenAddressSync(mint, holder.publicKey);
    const before = people.quoteOf(holder.publicKey) ?? 0n;
    const make = [
      SystemProgram.createAccount({
        fromPubkey: people.faucet.publicKey,
        newAccountPubkey: at,
        lamports: 2_039_280,
        space: ACCOUNT_SIZE,
        programId: TOKEN_PROGRAM_ID,
      }),
      createInitializeAccount3Instruction(at, mint, holder.publicKey),
      createAssociatedTokenAccountIdempotentInstruction(
        people.faucet.publicKey,
        keep,
        holder.publicKey,
        mint,
      ),
    ];
    const withdraw =
      venue === 'velocity'
        ? velocity.withdraw(trader, at, owed)
        : driver.instructions.withdraw(trader, at, owed);
    const take = [
      withdraw,
      createTransferCheckedInstruction(at, mint, keep, holder.publicKey, owed, 6),
      createSetAuthorityInstruction(at, holder.publicKey, AuthorityType.AccountOwner, creator),
    ];
    const signers = [people.faucet, trader.agent, ...(alone ? [] : [holder])];
    const { signature } = people.send([...make, ...take], [...signers, account]);
    // The debtor has the money, and the creator got nothing.
    expect((people.quoteOf(holder.publicKey) ?? 0n) - before).toBe(owed);
    expect(people.quoteOf(creator)).toBeNull();
    const heard = async () =>
      (await sightingsIn(street.database)).find((each) => each.signature === signature)?.status;
    await expect.poll(heard).toBe('finalized');
    const outflows = await factsOf(street.database, 'outflow');
    const withdrawn = outflows.filter(({ body }) => body.route === 'withdraw');
    expect(withdrawn.map(({ body }) => [body.amount, body.owner, body.internal])).toEqual([
      [owed, holder.publicKey.toBase58(), alone],
    ]);
    // Money that the agent itself has is within reach.
    await street.standing('ana', alone ? 'good' : 'delinquent');
    const [share] = await street.shares('ana');
    expect({ status: share?.status, credited: share?.credited }).toEqual({
      status: 'pending',
      credited: '0',
    });
  },
);
