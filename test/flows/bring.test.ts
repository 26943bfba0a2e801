// Bring: after an import through the API this daemon follows every account that was brought, also
// where it had heard of them before the import ended.
import { expect, test } from 'vitest';
import { redaction } from '../../src/chain/keypair.ts';
import type { Address } from '../../src/core/ids.ts';
import type { ImportReport } from '../../src/core/import-ports.ts';
import { bundlesOf } from '../../src/core/import-rows.ts';
import type { Subscriber } from '../../src/core/ports.ts';
import { createBring } from '../../src/flows/bring.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { addressOf, createTestLedger, type TestLedger } from '../support/ledger.ts';

const BO = [addressOf(11), addressOf(12), addressOf(13)] as const;
const registerBo = ({ ledger }: TestLedger) =>
  ledger.subscribers.register({
    id: 'bo',
    agentWallet: BO[0],
    agentTokenAccount: BO[1],
    driftAccounts: [{ address: BO[2], subAccountId: 0 }],
    sealedKey: null,
    fromSlot: 1,
  });
const rows = (...subscribers: string[]) =>
  bundlesOf(
    subscribers.map((subscriber, line) => ({
      line,
      value: { kind: 'debt', id: `iou-${line}`, subscriber, subscription: 's', amount: '5' },
    })),
    redaction,
  );

/** Brings rows while `during` happens; returns what the daemon was told. */
async function brought(
  t: TestLedger,
  given: ReturnType<typeof rows>,
  options: {
    readonly dryRun?: boolean;
    readonly times?: number;
    readonly during?: (watched: { refresh(): Promise<boolean> }) => Promise<unknown>;
  },
) {
  const told: { begun: number; followed: Address[]; judged: string[]; nudged: string[] } = {
    begun: 0,
    followed: [],
    judged: [],
    nudged: [],
  };
  const watched = await loadWatched(t.ledger.watchList);
  const bring = createBring({
    begin: () => {
      told.begun++;
      return async () => {
        await options.during?.(watched);
        return {} as ImportReport;
      };
    },
    ledger: {
      subscribers: { find: async (id) => (id === 'cy' ? null : ({ id } as Subscriber)) },
    },
    watched,
    onWatched: async (addresses) => void told.followed.push(...addresses),
    judgeAll: async (ids) => void told.judged.push(...ids),
    nudge: (id) => void told.nudged.push(id),
  });
  for (let time = 0; time < (options.times ?? 1); time++)
    await bring(given, options.dryRun ?? false);
  return { ...told, followed: told.followed.sort() };
}

test('accounts that the list took in while the import ran are followed as well, and no others', async () => {
  await using t = await createTestLedger();
  const during = async (watched: { refresh(): Promise<boolean> }) => {
    await registerBo(t);
    await watched.refresh();
  };
  const told = await brought(t, rows('bo', 'cy'), { during });
  expect(told).toEqual({ begun: 1, followed: [...BO].sort(), judged: ['bo'], nudged: ['bo'] });
});

test('a dry run tells the daemon nothing', async () => {
  await using t = await createTestLedger();
  const told = await brought(t, rows('ana'), { dryRun: true });
  expect(told).toEqual({ begun: 1, followed: [], judged: [], nudged: [] });
});

test('each request has an import of its own, which asks anew whether a creator can be paid', async () => {
  await using t = await createTestLedger();
  expect((await brought(t, rows('ana'), { times: 2 })).begun).toBe(2);
});
