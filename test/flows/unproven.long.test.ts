// Unproven: the venue's program is upgraded under a running daemon that may not sign on unknown
// bytes. Debts wait, the operator hears why, and an acceptance pays them. Where a compiled program
// is present it is upgraded a second time, and the command itself proves it, which takes a minute;
// that a proof on record lets payments go on is in conformance.test.ts.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { deployedHash } from '../../src/chain/program.ts';
import { programDataAddress } from '../../src/local/chain/loader.ts';
import { DRIFT } from '../../src/local/drift/addresses.ts';
import { runCommand } from '../support/command.ts';
import { sayIfNone } from '../support/programs.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

/** Bytes of a program data account before the program itself. */
const PROGRAM_DATA_HEAD = 45;
const PATIENCE = { timeout: 40_000, interval: 50 };

sayIfNone('unproven');

test('with halt nothing is signed on an unknown program, and an acceptance or a proof lets debts be paid', {
  timeout: 900_000,
}, async () => {
  await using street = await openStreet({
    settings: (given) => ({ ...given, venue: { ...given.venue, onUnknownProgram: 'halt' } }),
  });
  const { driver, world } = street;
  const metric = async (name: string): Promise<string | undefined> => {
    const text = await (await fetch(`${street.app().url}/metrics`)).text();
    return text.split('\n').find((line) => line.startsWith(name));
  };
  const known = (value: number) =>
    expect
      .poll(() => metric('bailiff_venue_program_known'), PATIENCE)
      .toBe(`bailiff_venue_program_known{venue="drift-v2"} ${value}`);
  const data = programDataAddress(DRIFT.toBase58());
  const before = world.cluster.bank.get(data)?.data.subarray(PROGRAM_DATA_HEAD) ?? new Uint8Array();
  /**
   * Other bytes at the program's address, which do the same: what follows the program is not run.
   */
  const upgrade = async (text: string): Promise<string> => {
    const bytes = Buffer.concat([before, Buffer.from(text)]);
    world.cluster.advance(3);
    world.deploy(bytes);
    await known(0);
    return deployedHash(bytes);
  };
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  await known(1);

  const first = await upgrade('bytes that an operator accepts');
  profitableClose(driver, trader);
  const waiting = await street.share('ana', ({ reason }) => reason !== null);
  expect(waiting).toMatchObject({ status: 'pending', reason: { code: 'venue_program_unknown' } });
  expect(waiting.reason?.detail).toContain(first);
  expect(await paymentsIn(street.database)).toEqual([]);
  const accepted = await runCommand(street, ['venue', 'accept', first, '--reason', 'read it']);
  expect(accepted).toMatchObject({ code: 0, out: expect.stringContaining('is trusted') });
  const paid = await street.share('ana', ({ status }) => status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(paid.amount));
  // A proof needs bytes: the stand-in has none.
  if (world.venueProgram !== 'compiled') return;

  // Waits until the gauge no longer shows the first upgrade, because the second one has the same
  // value.
  await known(1);
  const second = await upgrade('bytes that the contract suite passes on');
  profitableClose(driver, trader);
  await street.share('ana', ({ reason }) => reason?.code === 'venue_program_unknown');
  const proven = await runCommand(street, ['venue', 'prove']);
  process.stdout.write(proven.out);
  expect(proven).toMatchObject({ code: 0, out: expect.stringContaining(second) });
  expect((await runCommand(street, ['venue', 'show'])).out).toContain('Known: proven:');
  await street.share('ana', ({ id, status }) => status === 'paid' && id !== paid.id);
  const shares = await street.shares('ana');
  expect(driver.usdcOf(creator)).toBe(shares.reduce((sum, { amount }) => sum + BigInt(amount), 0n));
});
