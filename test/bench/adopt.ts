// Adopt: a platform moves in with many subscribers who hold positions and owe debts. They are
// imported through the API of a real daemon, every subscriber closes, and each share must be paid
// to the unit that follows from the imported terms. Where one opening alone was closed, the profit
// is told by the chain: what an owner has and has paid, less the deposit. `ADOPT=subscribers` sets
// how many; 1,000 when absent.
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { Keypair } from '@solana/web3.js';
import { base58Text } from '../../src/core/ids.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { openNode, verifyReceipts } from '../../src/verify/verify.ts';
import { receiptFrom } from '../support/receipt-from.ts';
import { type OwnDaemon, openOwnDaemon } from './own-daemon.ts';

const SOL = 1_000_000_000n;
const DEPOSIT = 1_000_000_000n;
const IOU = 1_250_000n;
const DEFICIT = 6_000_000n;
/** A request is answered within ten seconds, also on a busy machine. */
const SUBSCRIBERS_A_REQUEST = 50;
const RECEIPTS_VERIFIED = 25;
const PATIENCE_MS = 15 * 60_000;
const MANY = { http: { requestsPerMinuteMost: 10_000_000 } };

/** What a subscriber brings; the groups take turns. */
const GROUPS = ['charged', 'free', 'from_slot', 'deficit'] as const;
type Group = (typeof GROUPS)[number];
const groupOf = (index: number): Group => GROUPS[index % GROUPS.length] as Group;
const owes = (index: number): boolean => index % 8 < 4;

type Close = { reason: string | null; amount: string; parts: { netPnl: string; base: string }[] };
type Share = {
  id: string;
  subscriberId: string;
  amount: string;
  paid: string;
  status: string;
  brought: unknown;
};

/** The rows of one subscriber. */
function rowsOf(index: number, { agent }: Trader, creator: string, cutOver: number): object[] {
  const id = `s${index}`;
  const named = { subscriber: id, subscription: `${id}-1` };
  const terms: Record<Group, object> = {
    charged: { open: 'charged' },
    free: {},
    from_slot: { open: 'from_slot', fromSlot: cutOver },
    deficit: { open: 'charged', basis: 'high_water_mark', deficit: String(DEFICIT) },
  };
  return [
    {
      kind: 'subscriber',
      id,
      agentWallet: agent.publicKey.toBase58(),
      agentSecretKey: base58Text(agent.secretKey),
      subAccountIds: [0],
    },
    {
      kind: 'subscription',
      id: `${id}-1`,
      subscriber: id,
      subAccountId: 0,
      creatorWallet: creator,
      shareBps: 1_000,
      ...terms[groupOf(index)],
    },
    ...(owes(index) ? [{ kind: 'debt', id: `iou-${index}`, ...named, amount: String(IOU) }] : []),
  ];
}

type Position = {
  baseAssetAmount: bigint;
  quoteAssetAmount: bigint;
  quoteEntryAmount: bigint;
  quoteBreakEvenAmount: bigint;
};
type Account = {
  readonly perpPositions: readonly Position[];
  readonly spotPositions: readonly { scaledBalance: bigint }[];
};
const accountOf = ({ world: { driver } }: OwnDaemon, trader: Trader): Account =>
  driver.userOf(trader) as unknown as Account;

/** The fee of opening the trader's positions, which are open: no funding was due yet. */
const openingFeeOf = (daemon: OwnDaemon, trader: Trader): bigint =>
  accountOf(daemon, trader).perpPositions.reduce(
    (sum, each) => sum + each.quoteEntryAmount - each.quoteBreakEvenAmount,
    0n,
  );

/**
 * What the trader has in the wallet and at the venue, in base units, with no position open. A
 * scaled balance is a thousandth of a base unit here, because no interest accrues; it is rounded
 * up, because the venue takes a thousandth too much for each withdrawal.
 */
function holdingsOf(daemon: OwnDaemon, trader: Trader): bigint {
  const { perpPositions, spotPositions } = accountOf(daemon, trader);
  if (perpPositions.some(({ baseAssetAmount }) => baseAssetAmount !== 0n))
    throw new Error('a position is still open');
  const unsettled = perpPositions.reduce((sum, { quoteAssetAmount }) => sum + quoteAssetAmount, 0n);
  const deposit = ((spotPositions[0]?.scaledBalance ?? 0n) + 999n) / 1_000n;
  const wallet = daemon.world.driver.usdcOf(trader.agent.publicKey) ?? 0n;
  return deposit + unsettled + wallet;
}

/** The amount that the last close owes by the imported terms. */
function dueOf(group: Group, { parts }: Close): bigint {
  // The position has two coins. The one opened after the cut-over, at 160, made less profit than
  // the other.
  const [profit = 0n] = parts
    .filter(({ base }) => base === String(SOL))
    .map(({ netPnl }) => BigInt(netPnl))
    .sort((one, other) => Number(one - other));
  return dueOfProfit(group, profit);
}

/** What a profit owes. Under `charged` the fee of opening is not deducted from it (ADR 83). */
function dueOfProfit(group: Group, profit: bigint): bigint {
  switch (group) {
    case 'charged':
    case 'from_slot':
      return profit / 10n;
    case 'free':
      return 0n;
    case 'deficit':
      return (profit - DEFICIT) / 10n;
  }
}

/** Asks again while the daemon answers 503, once a second for a minute, as an importer does. */
async function asked<T>(daemon: OwnDaemon, route: string, body?: unknown): Promise<T> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  let answer = await daemon.ask(route, init);
  for (let tries = 0; answer.status === 503 && tries < 60; tries++) {
    await pause(1_000);
    answer = await daemon.ask(route, init);
  }
  if (!answer.ok) throw new Error(`${route}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Works on each trader in turn, and lets the servers of this process answer in between. */
async function each(traders: readonly Trader[], work: (trader: Trader, at: number) => void) {
  for (const [index, trader] of traders.entries()) {
    work(trader, index);
    if (index % 20 === 0) await turn();
  }
}

export async function benchAdopt(): Promise<boolean> {
  const count = Number(process.env.ADOPT ?? 1_000);
  const wholeMs = performance.now();
  const daemon = await openOwnDaemon(MANY);
  const faults: string[] = [];
  try {
    const { driver, cluster } = daemon.world;
    const creator = Keypair.generate().publicKey;
    driver.giveUsdc(creator, 1n);
    const traders: Trader[] = [];
    const openingFees: bigint[] = [];
    driver.movePrice(0, 150_000_000n);
    while (traders.length < count) {
      const trader = driver.createTrader({ deposit: DEPOSIT, lamports: 50_000_000n });
      driver.trade(trader, 'long', SOL);
      openingFees.push(openingFeeOf(daemon, trader));
      traders.push(trader);
      if (traders.length % 20 === 0) await turn();
    }
    cluster.advance(2);
    const cutOver = cluster.slot('processed');
    cluster.advance(2);
    driver.movePrice(0, 160_000_000n);
    await each(traders, (trader, at) => {
      if (groupOf(at) === 'from_slot') driver.trade(trader, 'long', SOL);
    });
    say(`${count} subscribers hold positions, ${traders.filter((_, at) => owes(at)).length} owe`);
    await daemon.start();

    const bring = async (dryRun: boolean): Promise<{ added: number; known: number }> => {
      const found = { added: 0, known: 0 };
      for (let from = 0; from < count; from += SUBSCRIBERS_A_REQUEST) {
        const rows = traders
          .slice(from, from + SUBSCRIBERS_A_REQUEST)
          .flatMap((trader, at) => rowsOf(from + at, trader, creator.toBase58(), cutOver));
        const report = await asked<{
          refused: unknown[];
          subscribers: { added: number; known: number };
        }>(daemon, '/v1/imports', { dryRun, rows });
        if (report.refused.length > 0) faults.push(`refused: ${JSON.stringify(report.refused[0])}`);
        found.added += report.subscribers.added;
        found.known += report.subscribers.known;
      }
      return found;
    };
    const tried = await bring(true);
    let startedMs = performance.now();
    const brought = await bring(false);
    const importS = (performance.now() - startedMs) / 1_000;
    const again = await bring(false);
    say(`import ${importS.toFixed(1)} s: ${JSON.stringify({ tried, brought, again })}`);
    if (tried.added !== count || brought.added !== count || again.known !== count)
      faults.push('the import did not take every subscriber exactly once');

    startedMs = performance.now();
    driver.movePrice(0, 170_000_000n);
    await each(traders, (trader, at) => {
      const base = groupOf(at) === 'from_slot' ? 2n * SOL : SOL;
      driver.trade(trader, 'short', base, { reduceOnly: true });
    });
    const closes = await Promise.all(
      traders.map(async (_, at): Promise<Close> => {
        for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs; ) {
          const {
            closes: [last],
          } = await asked<{ closes: Close[] }>(daemon, `/v1/subscribers/s${at}/closes?limit=1`);
          if (last !== undefined && last.parts.length > 0) return last;
          await pause(1_000);
        }
        throw new Error(`the close of s${at} was not booked`);
      }),
    );
    let due = 0n;
    for (const [at, close] of closes.entries()) {
      const owed = dueOf(groupOf(at), close);
      due += owed + (owes(at) ? IOU : 0n);
      if (BigInt(close.amount) !== owed)
        faults.push(`s${at} (${groupOf(at)}) owes ${close.amount} and should owe ${owed}`);
      if (groupOf(at) === 'free' && close.reason !== 'before_terms')
        faults.push(`s${at} was open before its terms and has the reason ${close.reason}`);
    }
    const debts = closes.filter((each) => each.amount !== '0').length;
    const ious = traders.filter((_, at) => owes(at)).length;
    const paidOf = async (): Promise<number> =>
      (await asked<{ total: number }>(daemon, '/v1/shares?status=paid&limit=1')).total;
    for (const endMs = performance.now() + PATIENCE_MS; (await paidOf()) < debts + ious; ) {
      if (performance.now() > endMs) throw new Error(`only ${await paidOf()} shares are paid`);
      await pause(500);
    }
    const paidS = (performance.now() - startedMs) / 1_000;

    const shares: Share[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const page: { shares: Share[]; next: string | null } = await asked(
        daemon,
        `/v1/shares?limit=500${next === '' ? '' : `&before=${next}`}`,
      );
      shares.push(...page.shares);
      next = page.next;
    }
    if (shares.length !== debts + ious) faults.push(`${shares.length} shares, not ${debts + ious}`);
    const unpaid = shares.filter((each) => each.status !== 'paid' || each.paid !== each.amount);
    if (unpaid.length > 0) faults.push(`${unpaid.length} shares are not paid to the unit`);
    const paidBy = new Map<string, bigint>();
    for (const { subscriberId, paid } of shares)
      paidBy.set(subscriberId, (paidBy.get(subscriberId) ?? 0n) + BigInt(paid));
    let held = 0;
    for (const [at, trader] of traders.entries()) {
      // The two openings of this group, of which one owes nothing, are one position on chain.
      if (groupOf(at) === 'from_slot') continue;
      const paid = paidBy.get(`s${at}`) ?? 0n;
      const profit = holdingsOf(daemon, trader) + paid - DEPOSIT + (openingFees[at] ?? 0n);
      const owed = dueOfProfit(groupOf(at), profit) + (owes(at) ? IOU : 0n);
      held++;
      if (paid !== owed)
        faults.push(`s${at} (${groupOf(at)}) paid ${paid} and owed ${owed} by the chain`);
    }
    say(`${held} subscribers paid what the profit of their accounts owes, by the chain alone`);
    const received = (driver.usdcOf(creator) ?? 0n) - 1n;
    if (received !== due) faults.push(`the creator has ${received} and was owed ${due}`);
    const receipts = await Promise.all(
      shares
        .filter((each) => each.brought === null || each.brought === undefined)
        .slice(0, RECEIPTS_VERIFIED)
        .map(async ({ id }) => receiptFrom(await asked(daemon, `/v1/shares/${id}/receipt`))),
    );
    const { verdict, checks } = await verifyReceipts(
      receipts,
      openNode(daemon.world.chain.rpcUrl, (ms) => pause(ms)),
    );
    if (verdict === 'differs')
      faults.push(
        `a receipt differs: ${checks.find((each) => each.verdict === 'differs')?.detail}`,
      );
    say(
      `closes ${closes.length}, shares ${debts}, debts brought ${ious}, paid after ${paidS.toFixed(1)} s: ${received} of ${due} base units; ${receipts.length} receipts ${verdict}${verdict === 'unknown' ? `: ${checks.find((each) => each.verdict === 'unknown')?.detail}` : ''}`,
    );
    for (const fault of faults.slice(0, 20)) say(`FAULT ${fault}`);
    const wholeS = ((performance.now() - wholeMs) / 1_000).toFixed(0);
    say(
      faults.length === 0
        ? `every share is paid to the unit, ${wholeS} s in all`
        : `${faults.length} faults`,
    );
    return faults.length === 0;
  } finally {
    await daemon.close();
  }
}
