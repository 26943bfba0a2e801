// Lost ledger: payments are missing from the ledger, or the whole ledger was lost and is begun
// anew, and one provider leaves the row of a payment out of each page of a history.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { rebuild } from '../../src/cli/rebuild.ts';
import { base58Text } from '../../src/core/ids.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { losePayments, reopenDebts } from '../support/damage.ts';
import { createDatabase } from '../support/database.ts';
import { LONG } from '../support/long.ts';
import { partsOf } from '../support/parts.ts';
import { type RowlessNode, rowlessNode } from '../support/rowless-node.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

/** In npm test the last one; in `npm run test:long` each. */
const PROVIDERS = [
  ['one provider', false],
  ['the first of two providers', true],
] as const;
const SHOWN = LONG ? PROVIDERS : PROVIDERS.slice(-1);

/** A street behind such a node, with a trader who has paid one share. */
async function paidOnce(node: RowlessNode, hasSecond: boolean) {
  const street = await openStreet({
    slotMs: 8,
    settings(given, { chain }) {
      node.target = chain.rpcUrl;
      const secondUrl = hasSecond ? { secondUrl: chain.rpcUrl } : {};
      return { ...given, rpc: { ...given.rpc, url: node.url, ...secondUrl } };
    },
  });
  const creator = Keypair.generate().publicKey;
  const trader = street.people.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  node.account = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey).toBase58();
  const fromSlot = street.world.cluster.slot('finalized');
  await street.subscribe('ana', trader, creator);
  profitableClose(street.people, trader);
  const share = await street.share('ana', ({ status }) => status === 'paid');
  const [paid] = await paymentsIn(street.database);
  if (paid === undefined) throw new Error('nothing was paid');
  await street.stop();
  node.about = paid.signature;
  return { street, creator, trader, fromSlot, amount: BigInt(share.amount), paid };
}

test.each(SHOWN)(
  'a ledger that is begun anew pays no earlier debt again where %s leaves its payment out',
  async (_, hasSecond) => {
    await using node = await rowlessNode();
    const { street, creator, trader, fromSlot, amount, paid } = await paidOnce(node, hasSecond);
    await using _street = street;
    await using begun = await createDatabase();
    Object.assign(street.settings.secrets, { databaseUrl: begun.url });
    await street.restart();
    // The platform brings its people again, with the slot of their terms.
    const rows = [
      {
        kind: 'subscriber',
        id: 'ana',
        agentWallet: trader.agent.publicKey.toBase58(),
        agentSecretKey: base58Text(trader.agent.secretKey),
        subAccountIds: [0],
      },
      {
        kind: 'subscription',
        id: 'ana-sub',
        subscriber: 'ana',
        subAccountId: 0,
        creatorWallet: creator.toBase58(),
        shareBps: 1_000,
        open: 'from_slot',
        fromSlot,
        booksFrom: fromSlot,
      },
    ];
    const { status, body } = await street.post('/v1/imports', { rows, dryRun: false });
    expect([status, body.refused]).toEqual([200, []]);
    await street.share('ana', (each) => each.status === 'paid');
    expect(node.lies).toBeGreaterThan(0);
    expect(street.people.quoteOf(creator)).toBe(amount);
    expect(await paymentsIn(begun)).toMatchObject([
      { state: 'landed', signature: paid.signature, restored: true },
    ]);
  },
);

test.each(SHOWN)(
  'bailiff payments rebuild restores a payment that %s leaves out',
  async (_, hasSecond) => {
    await using node = await rowlessNode();
    const { street, paid } = await paidOnce(node, hasSecond);
    await using _street = street;
    await losePayments(street.database);
    await reopenDebts(street.database);
    await using parts = await partsOf(street, systemClock);
    const said: string[] = [];
    const output = createOutput({ json: true, say: (text) => said.push(text), terminal: null });
    const given = { clock: systemClock, log: silentLog, output, dryRun: false };
    expect(await rebuild(parts, given)).toBe(0);
    const { restored } = JSON.parse(said.join('\n')) as { restored: { id: string }[] };
    expect(restored.map(({ id }) => id)).toEqual([paid.paymentId]);
    expect(node.lies).toBeGreaterThan(0);
  },
);
