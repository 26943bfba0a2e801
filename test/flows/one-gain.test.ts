// One gain: what a creator gained in a transaction pays one debt, of the subscriber whose tokens
// the calls brought there.
import { createTransferCheckedInstruction, getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import { openStreet, profitableClose, unscheduled } from '../support/street.ts';

test('one transfer to a creator pays the debt of one subscriber', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  const ata = (owner: Keypair['publicKey']) => getAssociatedTokenAddressSync(USDC, owner);
  const [ana, ben] = [0, 1].map(() =>
    driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n }),
  ) as [ReturnType<typeof driver.createTrader>, ReturnType<typeof driver.createTrader>];
  for (const trader of [ana, ben]) driver.giveUsdc(trader.agent.publicKey, 100_000_000n);
  // The friend has three token accounts' worth of wallets: one to pass through, two to keep.
  const [bridge, keep1, keep2] = [Keypair.generate(), Keypair.generate(), Keypair.generate()];
  for (const each of [bridge, keep1, keep2]) driver.giveUsdc(each.publicKey, 1n);
  await street.subscribe('ana', ana, creator);
  await street.subscribe('ben', ben, creator);
  profitableClose(driver, ana);
  profitableClose(driver, ben);
  const owes = async (id: string) =>
    BigInt((await street.share(id, (each) => each.reason?.code === 'agent_needs_sol')).amount);
  const [byAna, byBen] = [await owes('ana'), await owes('ben')];
  const before = driver.usdcOf(creator) ?? 0n;
  const move = (from: Keypair, to: Keypair['publicKey'], amount: bigint) =>
    createTransferCheckedInstruction(ata(from.publicKey), USDC, ata(to), from.publicKey, amount, 6);
  const most = byAna > byBen ? byAna : byBen;
  driver.send(
    [
      move(ben.agent, creator, most),
      // ana's money goes to a friend, who returns it another day.
      move(ana.agent, bridge.publicKey, most),
      move(bridge, keep1.publicKey, most / 2n),
      move(bridge, keep2.publicKey, most - most / 2n),
    ],
    [driver.faucet, ana.agent, ben.agent, bridge],
  );
  const got = (driver.usdcOf(creator) ?? 0n) - before;
  expect(got).toBe(most);
  await street.share('ben', (each) => each.status === 'paid');
  await street.standing('ana', 'delinquent');
  const [share] = await street.shares('ana');
  expect(share?.credited).toBe('0');
  expect(await street.gate('ana')).toMatchObject({ standing: 'delinquent' });
});

test('half of a debt that is paid straight from the venue does not pay the other half', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  const ata = (owner: Keypair['publicKey']) => getAssociatedTokenAddressSync(USDC, owner);
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  driver.giveUsdc(ana.agent.publicKey, 100_000_000n);
  const [bridge, keep1, keep2] = [Keypair.generate(), Keypair.generate(), Keypair.generate()];
  for (const each of [bridge, keep1, keep2]) driver.giveUsdc(each.publicKey, 1n);
  await street.subscribe('ana', ana, creator);
  profitableClose(driver, ana);
  const open = await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  const owed = BigInt(open.amount);
  const half = (owed + 1n) / 2n;
  const rest = owed - half;
  const before = driver.usdcOf(creator) ?? 0n;
  const move = (from: Keypair, to: Keypair['publicKey'], amount: bigint) =>
    createTransferCheckedInstruction(ata(from.publicKey), USDC, ata(to), from.publicKey, amount, 6);
  driver.send(
    [
      driver.instructions.withdraw(ana, ata(creator), half),
      move(ana.agent, bridge.publicKey, rest),
      move(bridge, keep1.publicKey, rest / 2n),
      move(bridge, keep2.publicKey, rest - rest / 2n),
    ],
    [driver.faucet, ana.agent, bridge],
  );
  expect((driver.usdcOf(creator) ?? 0n) - before).toBe(half);
  await street.standing('ana', 'delinquent');
  await street.share('ana', (each) => each.credited === String(half));
  const [share] = await street.shares('ana');
  expect({ status: share?.status, credited: share?.credited }).toEqual({
    status: 'pending',
    credited: String(half),
  });
});
