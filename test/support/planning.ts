// Planning: the planning of payments over stubs: an account is a record of funds; venue, node,
// books and ledger answer as the test says.

import { NO_TRIES } from '../../src/core/aftermath.ts';
import type { Simulated } from '../../src/core/chain-ports.ts';
import type { Debt } from '../../src/core/debt.ts';
import type { Fault } from '../../src/core/fault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Subscriber } from '../../src/core/ports.ts';
import type { VenueFunds } from '../../src/core/preflight.ts';
import type { TipRule } from '../../src/core/sender-tip.ts';
import type { PaymentParts } from '../../src/core/signing-ports.ts';
import { USDC } from '../../src/core/token.ts';
import { type Trouble, troubled } from '../../src/core/trouble.ts';
import {
  createPlanning,
  type PlanningOptions,
  type PlanningPorts,
} from '../../src/flows/planning.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { createDriftVenue } from '../../src/venue/drift-v2/venue.ts';
import { servingOnly } from './venues.ts';

const SYSTEM = '11111111111111111111111111111111' as Address;
const FUNDS: VenueFunds = {
  deposit: 0n,
  claimable: [],
  exposed: false,
  room: null,
  blocked: null,
};
/** Stands for the instruction by which a payment gives a tip. */
const TIPPED = { data: 0n };
export type Account = Partial<VenueFunds>;
/** Settles these markets and withdraws this much: an error, or what arrives. */
export type Verdict = (
  settle: readonly number[],
  withdraw: bigint,
) => { error: unknown } | { arrives: bigint };

export const refusing = (index: number, number: number) => ({
  error: { InstructionError: [index, { Custom: number }] },
});

export function planningWith(given: {
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
  /** The recipient of a payment that no debt explains. */
  excessTo?: Address;
  /** A transfer to this creator that is not matched. */
  transferTo?: Address;
  /** What was signed for the subscriber within a day, by the ledger and by the pen. */
  signedToday?: bigint;
  signedByPen?: bigint;
  /** The tip of the sender endpoint. */
  tip?: TipRule;
  /** Whether a payment fits one packet, with or without a tip. */
  fits?: (tipped: boolean) => boolean;
  /** A sponsor pays, and has spent all that it gives for payments to this creator. */
  spentOn?: Address;
  /** The accounts that do not exist. */
  missing?: readonly string[];
  /** The accounts at another venue. */
  elsewhere?: readonly string[];
  /** Whether the issuer froze the creator's token account. */
  frozen?: boolean;
  /** How many payments of the debts have expired. The price of a compute unit is 0 until then. */
  expiries?: number;
  /** The funds with open positions valued; left out, as they were. */
  valued?: (funds: VenueFunds) => VenueFunds;
}) {
  const read: string[] = [];
  const valued: string[] = [];
  const { lamports = 10n ** 9n, tokens = 0n, expiries = 0 } = given;
  const asked: { settle: readonly number[]; withdraw: bigint }[] = [];
  const noted: [string, readonly string[], Trouble][] = [];
  const { owedToAbsent, silent } = given;
  const classify = createDriftVenue();
  const tokenPort = {
    tokenAccount: () => 'ata',
    readTokenAccount: (account: { amount?: bigint; frozen?: boolean } | null) =>
      account && {
        amount: account.amount ?? tokens,
        frozen: account.frozen ?? false,
        foreign: false,
      },
    isOnCurve: () => true,
    transferInstructions: ({ payment: { plan } }: PaymentParts) => ({
      before: [],
      after: plan.tip === undefined ? [] : [TIPPED],
    }),
  };
  const chain = {
    async accounts() {
      if (silent !== undefined) throw silent;
      const agent = { lamports, owner: SYSTEM, data: new Uint8Array() };
      const sponsor = { ...agent, lamports: 10n ** 9n };
      const creators = owedToAbsent === undefined ? { frozen: given.frozen } : null;
      const sponsorTokens = given.spentOn === undefined ? [] : [{}];
      return { slot: 1, accounts: [agent, {}, creators, null, sponsor, ...sponsorTokens] };
    },
    fits: async (_payer: Address, instructions: readonly unknown[]) =>
      given.fits?.(instructions.includes(TIPPED)) ?? true,
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
    ...classify,
    quote: USDC,
    preflightAccounts: async (user: string) => {
      read.push(user);
      return [];
    },
    read: (user: string) => ({
      account: { address: user },
      funds: { ...FUNDS, ...given.accounts[Number(user.slice(1))] },
    }),
    account: async (address: string) => ({ address }),
    valued: async ({ address }: { address: string }, funds: VenueFunds) => {
      valued.push(address);
      return given.valued?.(funds) ?? funds;
    },
    instructions: async ({ payment: { plan } }: PaymentParts) =>
      [...plan.settleMarkets.map(BigInt), plan.withdraw].map((data) => ({ data })),
    forgetOracles: () => {},
  };
  const ports = {
    chain,
    venues: servingOnly(venue),
    pen: {
      sponsor: given.spentOn === undefined ? null : 'sponsor',
      signedToday: () => given.signedByPen ?? 0n,
    },
    signers: { closed: async () => given.closed ?? null },
    tokens: tokenPort,
    ...(given.tip === undefined ? {} : { sender: { tip: () => given.tip } }),
    fees: {
      microLamports: async (expired = 0) => BigInt(expired),
      lamportsPerSignature: async () => 5_000n,
      tokenAccountRent: async () => 2_039_280n,
      priorityFeeMost: 1_000_000n,
    },
    ledger: {
      subscribers: { agentKey: async () => ({}) },
      checks: { missing: async () => new Set(given.missing) },
      costs: {
        openings: async () => ({ known: 0, unread: 0 }),
        signedToday: async () => given.signedToday ?? 0n,
        ofSponsor: async (_sponsor: string, _subscriber: string, creator: Address) => {
          const nothing = { lamports: 0n, unread: 0 };
          const spent = { lamports: creator === given.spentOn ? 10n ** 8n : 0n, unread: 0 };
          return { all: nothing, subscriber: nothing, creator: spent, failures: 0 };
        },
      },
      payments: { toppedUpWithin: async () => false },
      creators: { isAgent: async () => false },
      credits: {
        unmatched: async (_: string, to: Address) => (to === given.transferTo ? 'sig' : null),
      },
      shares: {
        owedTo: async () => owedToAbsent ?? 0n,
        tries: async () => ({ ...NO_TRIES, expiries }),
        note: async (...told: (typeof noted)[number]) => void noted.push(told),
      },
    },
    books: {
      disagreement: async () => given.behind ?? null,
      excessTo: (_: string, wallet: Address) =>
        wallet === given.excessTo ? troubled('payments_unknown', '') : null,
      lineage: () => 0,
    },
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
      address: `u${at}`,
      subAccountId: at,
      venue: given.elsewhere?.includes(`u${at}`) ? 'velocity' : 'drift-v2',
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
    attempts: expiries,
    slot: 1,
    minimum: 0n,
  });
  return {
    asked,
    noted,
    /** The accounts that were read, in order, and those whose open positions were valued. */
    read,
    valued,
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
    /** The plan of one payment for debts to several creators. */
    async openTo(...creators: string[]) {
      const debts = creators.map((creatorWallet, at) => ({
        ...debt(BigInt(at) + 1n),
        creatorWallet: creatorWallet as Address,
      }));
      const intent = await intend(subscriber, debts, debts);
      if (intent?.kind !== 'open') throw new Error('no payment is opened');
      return intent.payment.plan;
    },
    /** Why a debt rests that is planned apart from these other due debts. */
    async besides(owed: bigint, ...others: bigint[]) {
      const due = [owed, ...others].map(debt);
      const intent = await intend(subscriber, due.slice(0, 1), due);
      return intent?.kind === 'rest' ? intent.trouble.code : null;
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
