// Import, killed: a process of `bailiff import` is killed with SIGKILL inside the transaction of
// its second chunk. The first chunk stays and the second leaves nothing; the same file, imported
// again, brings the rest, so that each subscriber and each debt is there once.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { serveWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { runCommand, startProcess } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';

/** Subscribers of the file: one chunk of 200, and a part of a second one. */
const SUBSCRIBERS = 250;
const AMOUNT = 1_468_501n;
const LOCK = 7;

const address = (): string => Keypair.generate().publicKey.toBase58();
const rowsOf = (n: number, creatorWallet: string): object[] => {
  const about = { subscriber: `s${n}`, subscription: `s${n}-1` };
  return [
    { kind: 'subscriber', id: about.subscriber, agentWallet: address(), subAccountIds: [0] },
    {
      kind: 'subscription',
      id: about.subscription,
      subscriber: about.subscriber,
      subAccountId: 0,
      creatorWallet,
      shareBps: 1_000,
    },
    { kind: 'debt', id: `iou-${n}`, ...about, amount: String(AMOUNT) },
  ];
};

test('an import that is killed midway is run again, without loss or doubles', async () => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createDatabase());
  const world = stack.adopt(
    await serveWorld({ programFile: null, clock, heliusApiKey: 'key' }),
    (served) => served.close(),
  );
  const folder = stack.adopt(mkdtempSync(path.join(tmpdir(), 'bailiff-import-')), (made) =>
    rmSync(made, { recursive: true }),
  );
  const place = { database, world, settings: { secrets: { masterKey: randomBytes(32) } } };
  const file = path.join(folder, 'rows.jsonl');
  const creator = address();
  const rows = Array.from({ length: SUBSCRIBERS }, (_, n) => rowsOf(n, creator)).flat();
  writeFileSync(file, rows.map((each) => JSON.stringify(each)).join('\n'));
  const { sql } = database;

  // The debt of the last subscriber waits for this lock, with all the rest of its chunk written.
  await sql.unsafe(`
    create function wait_for_test() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock(${LOCK}); return new; end $$;
    create trigger wait_for_test before insert on profit_share for each row
      when (new.subscription_id = 's${SUBSCRIBERS - 1}-1') execute function wait_for_test()`);
  const holding = await sql.reserve();
  await holding`select pg_advisory_lock(${LOCK})`;
  const child = startProcess(place, ['import', file, '--apply']);
  const ended = once(child, 'exit');
  const waiting = async (): Promise<number> => {
    const found = await sql`select 1 from pg_locks where locktype = 'advisory' and not granted`;
    return found.length;
  };
  await expect.poll(waiting).toBe(1);
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  await holding`select pg_advisory_unlock(${LOCK})`;
  holding.release();

  const owed = async () => {
    const [found] = await sql<{ subscribers: number; debts: number; sum: bigint }[]>`
      select (select count(*)::int from subscriber) as subscribers, count(*)::int as debts,
        sum(amount)::bigint as sum
      from profit_share`;
    return found;
  };
  const all = (count: number) => ({
    subscribers: count,
    debts: count,
    sum: BigInt(count) * AMOUNT,
  });
  expect(await owed()).toEqual(all(200));

  const counts = { added: SUBSCRIBERS - 200, known: 200, refused: 0 };
  const again = await runCommand(place, ['--json', 'import', file, '--apply']);
  expect(again.code, again.out).toBe(0);
  expect(JSON.parse(again.out)).toMatchObject({
    subscribers: counts,
    subscriptions: counts,
    debts: counts,
    refused: [],
  });
  expect(await owed()).toEqual(all(SUBSCRIBERS));
  // The import that was killed stays on record as broken off.
  const acts = await runCommand(place, ['--json', 'acts', 'list']);
  expect(JSON.parse(acts.out)).toMatchObject({
    acts: [
      { what: 'import', status: 0 },
      { what: 'import', status: null },
    ],
  });
});
