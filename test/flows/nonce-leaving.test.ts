// Nonce leaving: what becomes of the nonce account of a subscriber who has left.
import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { nonceAddress } from '../../src/chain/nonce.ts';
import type { Address } from '../../src/core/ids.ts';
import { createNonceLane } from '../../src/flows/nonce-lane.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { partsOf } from '../support/parts.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('a nonce account that has another authority is not closed, which is told once, until it is given back', async () => {
  const sponsor = Keypair.generate();
  const account = nonceAddress(sponsor.publicKey.toBase58() as Address, 'ana');
  await using street = await openStreet({
    sponsor,
    settings: (given) => ({
      ...given,
      payments: { ...given.payments, replayGuard: 'nonce' as const },
    }),
  });
  const { people, world } = street;
  street.sendSol(sponsor.publicKey, 1_000_000_000n);
  const trader = people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  profitableClose(people, trader);
  await street.share('ana', ({ status }) => status === 'paid');
  const held = () => world.cluster.account(account, 'finalized');
  const authority = () => new PublicKey(held()?.data.subarray(8, 40) ?? []).toBase58();
  const entrust = async (from: Keypair, to: PublicKey): Promise<void> => {
    const given = { noncePubkey: new PublicKey(account), authorizedPubkey: from.publicKey };
    people.send([SystemProgram.nonceAuthorize({ ...given, newAuthorizedPubkey: to })], [from]);
    await expect.poll(authority).toBe(to.toBase58());
  };
  const stranger = Keypair.generate();
  street.sendSol(stranger.publicKey, 1_000_000_000n);
  await entrust(sponsor, stranger.publicKey);
  const leave = async () =>
    (await fetch(`${street.app().url}/v1/subscribers/ana`, { method: 'DELETE' })).status;
  await expect.poll(leave).toBe(204);
  await street.stop();

  await using parts = await partsOf(street, systemClock);
  const told: object[] = [];
  const sent: object[] = [];
  const { leaving } = createNonceLane(
    {
      ...parts,
      clock: systemClock,
      books: { disagreement: async () => null, forget: () => {} },
      nonceHeard: { follow: () => {}, forget: () => {}, at: () => null } as never,
      log: {
        ...silentLog,
        warn: (event, fields) => void (event === 'nonce.not_closed' && told.push(fields ?? {})),
        info: (event, fields) => void (event === 'nonce.closed' && sent.push(fields ?? {})),
      },
    },
    { replayGuard: 'nonce', sponsorReserve: 0n },
  );
  expect([await leaving.round(), await leaving.round()]).toEqual([1, 1]);
  expect(told).toMatchObject([
    { account, detail: expect.stringContaining(`the authority ${stranger.publicKey.toBase58()}`) },
  ]);
  expect(sent).toEqual([]);
  expect(await parts.ledger.nonces.list({ limit: 9 })).toMatchObject([{ closingMs: null }]);

  await entrust(stranger, sponsor.publicKey);
  await leaving.round();
  expect(sent).toHaveLength(1);
  await expect.poll(held).toBeNull();
  expect(await leaving.round()).toBe(0);
  expect(told).toHaveLength(1);
});
