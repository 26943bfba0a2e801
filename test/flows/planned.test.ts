// Planned: a payment of which nothing is signed never stays planned for ever, for every reason that
// can prevent its building.
import { AddressLookupTableAccount, Keypair, VersionedTransaction } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { compile, decompile } from '../../src/chain/compile.ts';
import { advanceNonce, nonceAddress } from '../../src/chain/nonce.ts';
import type { Address } from '../../src/core/ids.ts';
import { userAddress } from '../../src/local/drift/addresses.ts';
import { LOOKUP_TABLE } from '../../src/local/drift/lookup.ts';
import { loseAgentKeys } from '../support/damage.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street, unscheduled } from '../support/street.ts';
import { openMarkets, openPositions } from '../support/venue-world.ts';

const SOL = 1_000_000_000n;
const keyOf = (street: Street, agent: Keypair) =>
  street.post('/v1/subscribers', {
    id: 'ana',
    agentWallet: agent.publicKey.toBase58(),
    agentSecretKey: JSON.stringify([...agent.secretKey]),
    subAccountIds: [0],
  });
const states = async ({ database }: Street) =>
  (await paymentsIn(database)).map(({ state }) => state);

test('eight markets in use, and a sponsor, fit one transaction with the venue’s lookup table; without it the debt says why', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({
    sponsor,
    settings: unscheduled({ reimbursePerSol: '150000000', reimburseMost: '1000000' }),
  });
  const { driver, world, database } = street;
  driver.giveSol(sponsor.publicKey, SOL);
  driver.giveUsdc(sponsor.publicKey, 1n);
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 5_000_000_000n });
  await street.subscribe('ana', trader, creator);
  await loseAgentKeys(database);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'no_agent_key');
  openMarkets(world, 8);
  openPositions(world, userAddress(trader.agent.publicKey, 0), [1, 2, 3, 4, 5, 6, 7]);
  const table = world.cluster.bank.get(LOOKUP_TABLE.toBase58());
  world.cluster.put(LOOKUP_TABLE.toBase58(), null);
  world.cluster.advance(20);
  await keyOf(street, trader.agent);
  const waiting = await street.share(
    'ana',
    (each) => each.reason?.code === 'transaction_too_large',
  );
  expect(waiting).toMatchObject({ status: 'pending', reason: { class: 'retry_when_healthier' } });
  world.cluster.put(LOOKUP_TABLE.toBase58(), table);
  world.cluster.advance(20);
  // A process remembers lookup tables for ten minutes.
  await street.restart();
  await street.post(`/v1/shares/${waiting.id}/retry`, {});
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  const landed = (await paymentsIn(database)).find(({ state }) => state === 'landed');
  expect(landed?.bytes?.length).toBeLessThanOrEqual(1_232);
  // The same payment under a durable nonce fits as well.
  const { state } = new AddressLookupTableAccount({
    key: LOOKUP_TABLE,
    state: AddressLookupTableAccount.deserialize(new Uint8Array(table?.data ?? [])),
  });
  const key = LOOKUP_TABLE.toBase58() as Address;
  const tables = [{ key, addresses: state.addresses.map((each) => each.toBase58() as Address) }];
  const transaction = VersionedTransaction.deserialize(new Uint8Array(landed?.bytes ?? []));
  const { feePayer, instructions } = decompile(transaction, tables);
  const advance = advanceNonce(nonceAddress(feePayer, 'ana'), feePayer);
  const { recentBlockhash } = transaction.message;
  const guarded = compile(feePayer, [advance, ...instructions], recentBlockhash, tables);
  expect(guarded.serialize().length).toBeLessThanOrEqual(1_232);
});

test('a Drift account that is deleted between plan and signature: the payment ends, and the wallet pays', async () => {
  await using street = await openStreet();
  const { driver, world } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  world.mischief.failing.set('simulateTransaction', 1_000_000);
  profitableClose(driver, trader);
  await expect.poll(() => states(street)).toEqual(['planned']);
  driver.send([driver.instructions.settlePnl(trader, 0)], [driver.faucet, trader.agent]);
  driver.withdrawTo(trader, trader.agent.publicKey, 2_000_000_000n);
  world.cluster.put(userAddress(trader.agent.publicKey, 0).toBase58(), null);
  world.cluster.advance(20);
  await street.restart();
  world.mischief.failing.clear();
  await street.share('ana', (each) => each.status === 'paid');
  expect((await states(street))[0]).toBe('failed');
});

test('while the node does not simulate, a debt can be voided, and a clearance goes on', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver, world } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: SOL });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  world.mischief.failing.set('simulateTransaction', 1_000_000);
  profitableClose(driver, trader);
  await expect.poll(() => states(street)).toEqual(['planned']);
  const [share] = await street.shares('ana');
  expect(share?.status).toBe('processing');
  const voided = await street.post(`/v1/shares/${share?.id}/void`, { reason: 'goodwill' });
  expect(voided.status).toBe(204);
  expect((await states(street))[0]).toBe('failed');
  const answer = await street.post('/v1/subscribers/ana/clearances', {
    purpose: 'withdraw',
    amount: '1000000',
  });
  expect(answer).toMatchObject({ status: 201, body: { status: 'cleared' } });
});
