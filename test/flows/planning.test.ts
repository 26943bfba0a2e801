// Planning: which of a subscriber's accounts pays, and what is told when none can. Ports are stubs:
// an account is a record of funds, and the venue answers as the test says.

import { expect, test } from 'vitest';
import type { Simulated } from '../../src/core/chain-ports.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Debt } from '../../src/core/payment.ts';
import type { VenueFunds } from '../../src/core/plan.ts';
import type { Subscriber } from '../../src/core/ports.ts';
import type { PaymentParts } from '../../src/core/signing-ports.ts';
import { USDC } from '../../src/core/token.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import {
  createPlanning,
  type PlanningOptions,
  type PlanningPorts,
} from '../../src/flows/planning.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { servingOnly } from '../support/venues.ts';

const SYSTEM = '11111111111111111111111111111111' as Address;
const FUNDS: VenueFunds = {
  deposit: 0n,
  claimable: [],
  exposed: false,
  room: null,
  blocked: null,
};
type Account = Partial<VenueFunds>;
/** Settles these markets and withdraws this much: an error, or what arrives. */
type Verdict = (
  settle: readonly number[],
  withdraw: bigint,
) => { error: unknown } | { arrives: bigint };

const refusing = (index: number, number: number) => ({
  error: { InstructionError: [index, { Custom: number }] },
});

function planningWith(given: {
  accounts: Account[];
  lamports?: bigint;
  tokens?: bigint;
  options?: Partial<PlanningOptions>;
  verdict?: Verdict;
  /** What all subscribers owe to the creator, who has no token account. */
  owedToAbsent?: bigint;
  /** What RPC answers to the first read. */
  silent?: Fault;
  /** Why books and chain disagree, and why the key cannot sign. */
  behind?: Trouble;
  closed?: Trouble;
  /** A transfer to this creator that is not matched. */
  transferTo?: Address;
  /** What the pen has signed for the subscriber within a day. */
  signedToday?: bigint;
}) {
  const { lamports = 10n ** 9n, tokens = 0n } = given;
  const asked: { settle: readonly number[]; withdraw: bigint }[] = [];
  const noted: [string, readonly string[], Trouble][] = [];
  const { owedToAbsent, silent } = given;
  const classify = createDriftVenue();
  const tokenPort = {
    tokenAccount: () => 'ata',
    readTokenAccount: (account: { amount?: bigint } | null) =>
      account && { amount: account.amount ?? tokens, frozen: false, foreign: false },
    isOnCurve: () => true,
    transferInstructions: () => ({ before: [], after: [] }),
  };
  const chain = {
    async accounts() {
      if (silent !== undefined) throw silent;
      const agent = { lamports, owner: SYSTEM, data: new Uint8Array() };
      return { slot: 1, accounts: [agent, {}, owedToAbsent === undefined ? {} : null, null] };
    },
    fits: async () => true,
    simulate: async (_payer: Address, instructions: readonly { data: bigint }[]) => {
      const amounts = instructions.map((each) => each.data);
      const settle = amounts.slice(0, -1).map(Number);
      const withdraw = amounts.at(-1) ?? 0n;
      asked.push({ settle, withdraw });
      const verdict = given.verdict?.(settle, withdraw) ?? { arrives: withdraw };
      return {
        error: 'error' in verdict ? verdict.error : null,
        programs: [SYSTEM, ...instructions.map(() => PROGRAM_ID)],
        logs: [],
        accounts: 'error' in verdict ? [] : [{ amount: tokens + verdict.arrives }],
      } as unknown as Simulated;
    },
  };
  const venue = {
    ...{ ...classify, quote: USDC },
    preflightAccounts: async () => [],
    read: (user: string) => ({
      account: { address: user },
      funds: { ...FUNDS, ...given.accounts[Number(user.slice(1))] },
    }),
    account: async (address: string) => ({ address }),
    valued: async (_: unknown, funds: VenueFunds) => funds,
    instructions: async ({ payment: { plan } }: PaymentParts) =>
      [...plan.settleMarkets.map(BigInt), plan.withdraw].map((data) => ({ data })),
    forgetOracles: () => {},
  };
  const ports = {
    chain,
    venues: servingOnly(venue),
    pen: { sponsor: null },
    signers: { closed: async () => given.closed ?? null },
    tokens: tokenPort,
    fees: {
      microLamports: async () => 0n,
      lamportsPerSignature: async () => 5_000n,
      tokenAccountRent: async () => 2_039_280n,
      priorityFeeMost: 0n,
    },
    ledger: {
      subscribers: { agentKey: async () => ({}) },
      costs: {
        openings: async () => ({ known: 0, unread: 0 }),
        signedToday: async () => given.signedToday ?? 0n,
      },
      payments: { toppedUpWithin: async () => false },
      creators: { isAgent: async () => false },
      credits: {
        unmatched: async (_: string, to: Address) => (to === given.transferTo ? 'sig' : null),
      },
      shares: {
        owedTo: async () => owedToAbsent ?? 0n,
        note: async (...told: (typeof noted)[number]) => void noted.push(told),
      },
    },
    books: { disagreement: async () => given.behind ?? null, lineage: () => 0 },
    newId: () => 'p',
    lane: { account: async () => null, decide: async () => ({ do: 'sign', nonce: null }) },
  } as unknown as PlanningPorts;
  const intend = createPlanning(ports, {
    agentReserve: 3_000_000n,
    sponsorReserve: 0n,
    partialLeast: null,
    marginFloorBps: 0,
    creationsMost: 3,
    reimbursement: null,
    topUp: null,
    topUpEveryMs: 1,
    ...given.options,
  });
  const subscriber = {
    id: 'ana',
    hasKey: true,
    agentWallet: 'a',
    driftAccounts: given.accounts.map((_, at) => ({
      ...{ address: `u${at}`, subAccountId: at },
      venue: 'drift-v2',
    })),
  } as unknown as Subscriber;
  const debt = (owed: bigint): Debt => ({
    shareId: `s${owed}`,
    subscriptionId: 'x',
    creatorWallet: 'c' as Address,
    driftUser: 'u0' as Address,
    subAccountId: 0,
    venue: 'drift-v2',
    token: USDC,
    owed,
    attempts: 0,
    slot: 1,
    minimum: 0n,
  });
  return {
    asked,
    noted,
    /**
     * The number of due debts that rest when no payment can be made for the first debt, the only
     * one to its creator.
     */
    async resting(...owed: bigint[]) {
      const due = owed.map(debt);
      const intent = await intend(subscriber, due.slice(0, 1), due);
      return intent?.kind === 'rest' ? intent.debts.map((each) => each.owed) : null;
    },
    /** What becomes of debts to several creators: those that rest, and why. */
    async intendTo(...creators: string[]) {
      const debts = creators.map((creatorWallet, at) => ({
        ...debt(BigInt(at) + 1n),
        creatorWallet: creatorWallet as Address,
      }));
      const intent = await intend(subscriber, debts, debts);
      if (intent?.kind !== 'rest') return intent?.kind;
      return { rest: intent.debts.map((each) => each.creatorWallet), code: intent.trouble.code };
    },
    async intend(...owed: bigint[]) {
      const debts = owed.map(debt);
      const intent = await intend(subscriber, debts, debts);
      if (intent === null) throw new Error('nothing is intended');
      return intent.kind === 'open'
        ? {
            ...intent.payment.plan,
            from: intent.payment.driftUser,
            purpose: intent.payment.purpose,
          }
        : intent.trouble;
    },
  };
}

test('RPC that is silent while a payment is planned is the reason that its debts give; nothing else is decided', async () => {
  const silent = new Fault('rpc_unavailable', 'getMultipleAccounts: HTTP 503');
  const { intend, noted } = planningWith({ accounts: [{ deposit: 10n ** 9n }], silent });
  await expect(intend(50_000_000n, 7n)).rejects.toBe(silent);
  const trouble = { class: 'retry_soon', code: 'rpc_unavailable', detail: silent.message };
  expect(noted).toEqual([['ana', ['s50000000', 's7'], trouble]]);
  // While Postgres is away there is nowhere to write it.
  const away = new Fault('ledger_unavailable', 'gone');
  const lost = planningWith({ accounts: [{ deposit: 1n }], silent: away });
  await expect(lost.intend(50n)).rejects.toBe(away);
  expect(lost.noted).toEqual([]);
});

test('a creator without a token account is paid small debts once all subscribers together owe what its rent is worth', async () => {
  // At 200 USDC a SOL the rent and the fee are 0.409 USDC, worth it from 4.09 USDC on.
  const options = { cost: { bpsMost: 1_000, perSol: 200_000_000n } };
  const accounts = [{ deposit: 10n ** 9n }];
  const few = planningWith({ accounts, options, owedToAbsent: 4_000_000n });
  expect(await few.intend(50_000n)).toMatchObject({
    code: 'below_cost',
    detail: expect.stringContaining('it is 4.000000 USDC now'),
  });
  const many = planningWith({ accounts, options, owedToAbsent: 4_100_000n });
  expect(await many.intend(50_000n)).toMatchObject({ amount: 50_000n, createCreatorAccount: true });
});

test('where the money is in another account and SOL is missing, SOL is what the debt waits for', async () => {
  const accounts = [{ deposit: 0n }, { deposit: 1_000_000_000n }];
  const poor = planningWith({ accounts, lamports: 2_500_000n, tokens: 3_000_000n });
  expect(await poor.intend(50_000_000n)).toMatchObject({ code: 'agent_needs_sol' });
  const options = { topUp: 2_000_000n };
  const swapping = planningWith({ accounts, lamports: 2_500_000n, tokens: 3_000_000n, options });
  expect(await swapping.intend(50_000_000n)).toMatchObject({ purpose: 'top_up' });
});

test('an account in a form that this release does not know is a pause with its reason, and another one pays', async () => {
  const unreadable: Account = {
    get deposit(): bigint {
      throw new Fault('account_unreadable', 'An account of 4380 bytes is no User.');
    },
  };
  const alone = planningWith({ accounts: [unreadable] });
  expect(await alone.intend(50n)).toMatchObject({
    class: 'venue_limited',
    code: 'account_unreadable',
    detail: expect.stringContaining('4380 bytes'),
  });
  const beside = planningWith({ accounts: [unreadable, { deposit: 1_000n }] });
  expect(await beside.intend(50n)).toMatchObject({ from: 'u1', withdraw: 50n });
});

test('an account that the venue cannot pay from does not hide one that can', async () => {
  const verdict: Verdict = (_, withdraw) =>
    withdraw === 101n ? refusing(1, 6128) : { arrives: withdraw };
  const exposed = true;
  const found = planningWith({
    accounts: [
      { deposit: 500n, exposed },
      { deposit: 300n, exposed },
    ],
    verdict: (settle, withdraw) => verdict(settle, withdraw),
  });
  expect(await found.intend(100n)).toMatchObject({ from: 'u0', amount: 100n });
  expect(await found.intend(101n)).toMatchObject({ code: 'venue_6128', class: 'venue_limited' });
});

const CLAIMABLE = [
  { market: 0, amount: 10n, held: false },
  { market: 1, amount: 30n, held: false },
  { market: 2, amount: 20n, held: true },
];

test('a market that the venue does not settle is left out, whatever it says, and another is settled', async () => {
  const verdict: Verdict = (settle, withdraw) => {
    const at = settle.indexOf(1);
    return at < 0 ? { arrives: withdraw } : refusing(1 + at, 6260);
  };
  const found = planningWith({ accounts: [{ deposit: 5n, claimable: CLAIMABLE }], verdict });
  expect(await found.intend(34n)).toMatchObject({ settleMarkets: [0, 2], withdraw: 34n });
  expect(found.asked.map((each) => each.settle)).toEqual([[1], [0, 2]]);
  // Without that market's profit the payment is too small, and the debt shows the venue's reason.
  expect(await found.intend(40n)).toMatchObject({ code: 'venue_6260', class: 'venue_limited' });
});

test.each([6010, 6023, 6024, 6146, 6158, 6259, 6260])(
  'settling that is refused with %i is dropped and the payment planned anew, where the deposit falls short and where collateral does',
  async (number) => {
    const refusesFirst: Verdict = (settle, withdraw) => {
      const at = settle.indexOf(1);
      if (at >= 0) return refusing(1 + at, number);
      const room = settle.length === 2 ? 60n : 10n;
      return withdraw <= room ? { arrives: withdraw } : refusing(1 + settle.length, 6003);
    };
    const short = planningWith({
      accounts: [{ deposit: 5n, claimable: CLAIMABLE }],
      verdict: refusesFirst,
    });
    expect(await short.intend(34n)).toMatchObject({ settleMarkets: [0, 2], withdraw: 34n });
    expect(short.asked.map((each) => each.settle)).toEqual([[1], [0, 2]]);
    const exposed = planningWith({
      accounts: [{ deposit: 100n, exposed: true, claimable: CLAIMABLE }],
      verdict: refusesFirst,
    });
    expect(await exposed.intend(50n)).toMatchObject({ settleMarkets: [0, 2], withdraw: 50n });
    expect(exposed.asked.map((each) => each.settle)).toEqual([[], [1, 0, 2], [0, 2]]);
  },
);

test('a market with nothing to settle does not become the reason of a debt', async () => {
  const verdict: Verdict = (settle, withdraw) =>
    settle.length === 0 ? { arrives: withdraw } : refusing(1, 6259);
  const found = planningWith({ accounts: [{ deposit: 5n, claimable: CLAIMABLE }], verdict });
  expect(await found.intend(34n)).toMatchObject({ code: 'insufficient_funds' });
  expect(await found.intend(5n)).toMatchObject({ settleMarkets: [], withdraw: 5n });
});

test('where collateral is short, everything is settled first; then less is asked for, with the same markets', async () => {
  // Settling both brings room for 60 of the 100 owed.
  const verdict: Verdict = (settle, withdraw) =>
    withdraw <= (settle.length === 3 ? 60n : 10n)
      ? { arrives: withdraw }
      : refusing(1 + settle.length, 6003);
  const accounts = [{ deposit: 100n, exposed: true, claimable: CLAIMABLE }];
  const options = { partialLeast: 1n };
  const found = planningWith({ accounts, verdict, options });
  const plan = await found.intend(100n);
  expect(plan).toMatchObject({ settleMarkets: [1, 0, 2] });
  const { amount, withdraw } = plan as unknown as { amount: bigint; withdraw: bigint };
  expect(amount).toBe(withdraw);
  expect(withdraw).toBeGreaterThan(55n);
  expect(withdraw).toBeLessThanOrEqual(60n);
  // The venue has granted exactly what is going to be signed.
  expect(found.asked).toContainEqual({ settle: [1, 0, 2], withdraw });
  expect(found.asked.length).toBeLessThanOrEqual(10);
  // Whole debts only: one question about the least of use tells that there is no room.
  const whole = planningWith({ accounts, verdict });
  expect(await whole.intend(100n)).toMatchObject({ code: 'margin_floor' });
  expect(whole.asked).toHaveLength(2);
});

test('an oracle that the venue moved costs one question more, and nobody is told', async () => {
  let moved = true;
  const found = planningWith({
    accounts: [{ deposit: 100n, exposed: true }],
    verdict: (_, withdraw) => {
      if (!moved) return { arrives: withdraw };
      moved = false;
      return refusing(1, 6036);
    },
  });
  expect(await found.intend(50n)).toMatchObject({ amount: 50n });
  expect(found.asked).toHaveLength(2);
});

test('a payment that cannot be built leaves the debt with the reason', async () => {
  const broken = planningWith({
    accounts: [{ deposit: 100n, exposed: true }],
    verdict: () => {
      throw new RangeError('the venue has no perp market 7');
    },
  });
  expect(await broken.intend(50n)).toMatchObject({ class: 'unexpected', code: 'not_built' });
});

test('a trouble of the subscriber with one creator holds younger debts to others as well', async () => {
  const lane = planningWith({ accounts: [{ deposit: 5n }] });
  expect(await lane.resting(10n, 1n, 2n)).toEqual([10n, 1n, 2n]);
});

test('nothing is planned with a key that does not open, with books behind the chain, or beyond the limit of a day', async () => {
  const accounts = [{ deposit: 1_000n }];
  const all = ['a', 'b', 'a'];
  const closed: Trouble = { class: 'needs_authorisation', code: 'master_key_wrong', detail: '' };
  const behind: Trouble = { class: 'books_behind', code: 'payments_unknown', detail: '' };
  const locked = planningWith({ accounts, closed, behind });
  expect(await locked.intendTo(...all)).toEqual({ rest: all, code: 'master_key_wrong' });
  const old = planningWith({ accounts, behind, transferTo: 'a' as Address });
  expect(await old.intendTo(...all)).toEqual({ rest: all, code: 'payments_unknown' });
  const options = { limits: { paymentMost: null, subscriberADayMost: 100n } };
  const spent = planningWith({ accounts, options, signedToday: 100n });
  expect(await spent.intendTo(...all)).toEqual({ rest: all, code: 'day_limit' });
  for (const lane of [locked, old, spent]) expect(lane.asked).toEqual([]);
});

test('while a transfer to a creator is not matched its debts rest, whichever recipient it is, and no other’s', async () => {
  const accounts = [{ deposit: 1_000n }];
  for (const transferTo of ['a', 'b'] as Address[]) {
    const lane = planningWith({ accounts, transferTo });
    const rest = transferTo === 'a' ? ['a', 'a'] : ['b'];
    expect(await lane.intendTo('a', 'b', 'a')).toEqual({ rest, code: 'transfer_unmatched' });
  }
  const other = planningWith({ accounts, transferTo: 'c' as Address });
  expect(await other.intendTo('a', 'b', 'a')).toBe('open');
});
