// Ports: chain, venue and pen of one simulated process, over the simulated chain, through weather.

import { Fault } from '../../src/core/fault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Chain, ChainAccount, FeeMarket, PaymentParts, Pen } from '../../src/core/outside.ts';
import type { Act as PolicyAct } from '../../src/core/policy.ts';
import type { Instruction } from '../../src/core/transaction.ts';
import { addressOf } from '../support/ledger.ts';
import { type Act, type Balances, BLOCKHASH_LIFE, type SimChain, signatureOf } from './chain.ts';
import type { Random } from './random.ts';
import { createSimVenue } from './venue.ts';

/** How bad it is; all zero is fair weather. */
export type Weather = {
  error: number;
  lost: number;
  denied: number;
  delayed: number;
  lag: number;
  /** A node says that there is nothing where there is something. */
  lie: number;
};

export const FAIR: Weather = { error: 0, lost: 0, denied: 0, delayed: 0, lag: 0, lie: 0 };
export const MINT = addressOf(7_000);
export const SPONSOR = addressOf(7_001);
const SPONSOR_TOKENS = addressOf(7_002);
const ROLES = ['agent', 'agentTokens', 'drift', 'creator', 'creatorTokens'] as const;
type Role = (typeof ROLES)[number];
export const at = (subscriber: number, role: Role): Address =>
  addressOf(1_000 + subscriber * 10 + ROLES.indexOf(role));

const watchedBy = (subscriber: number): Address[] => [
  at(subscriber, 'drift'),
  at(subscriber, 'agentTokens'),
];
/** A payment's acts, as the pen would read them. */
const actsOf = (act: Act): PolicyAct[] =>
  act.kind !== 'payment'
    ? []
    : [
        { act: 'memo', text: act.memo },
        {
          act: 'transfer',
          source: at(act.subscriber, 'agentTokens'),
          mint: MINT,
          destination: at(act.subscriber, 'creatorTokens'),
          authority: at(act.subscriber, 'agent'),
          amount: BigInt(act.amount),
        },
      ];
const bytesOf = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));
export const parse = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString()) as T;

export function actOf(parts: PaymentParts, memo: string, height: number): Act {
  const { plan, subscriberId } = parts.payment;
  return {
    kind: 'payment',
    subscriber: Number(subscriberId.slice(1)),
    memo,
    payer: parts.payer === SPONSOR ? 'sponsor' : 'agent',
    withdraw: plan.withdraw.toString(),
    amount: plan.amount.toString(),
    covers: plan.covers.map(({ shareId, amount }) => ({ shareId, amount: amount.toString() })),
    height,
  };
}

export function createSimPorts(world: { chain: SimChain; random: Random; weather: () => Weather }) {
  const { chain: sim, random } = world;
  const stormy = (): void => {
    if (random.chance(world.weather().error)) throw new Fault('rpc_unavailable', 'weather');
  };
  const lag = (): number => (random.chance(world.weather().lag) ? random.below(4) : 0);

  const accountAt = (address: Address, balances: Balances): ChainAccount | null => {
    const made = (lamports: bigint, value: unknown): ChainAccount => ({
      lamports,
      owner: MINT,
      data: bytesOf(value),
    });
    if (address === SPONSOR) return made(balances.sponsor, null);
    for (const [index, own] of balances.accounts.entries()) {
      if (address === at(index, 'agent')) return made(own.lamports, null);
      if (address === at(index, 'agentTokens')) return made(1n, own.tokens.toString());
      if (address === at(index, 'creatorTokens')) return made(1n, own.creator.toString());
      if (address === at(index, 'drift')) return made(1n, own.deposit.toString());
    }
    return null;
  };

  const chain: Chain = {
    async slot(commitment) {
      stormy();
      return commitment === 'finalized' ? sim.finalSlot(lag()) : sim.slot() - lag();
    },
    async transaction(signature, commitment) {
      stormy();
      const behind = lag();
      const found = sim.find(signature, behind);
      if (found === null || (commitment === 'finalized' && found.slot > sim.finalSlot(behind)))
        return null;
      const { act, error } = found.executed;
      const touched = act.subscriber;
      return {
        signature,
        slot: found.slot,
        blockIndex: found.index,
        error,
        keys: [at(touched, 'drift'), at(touched, 'agentTokens')],
        instructions: [],
        tokenBalances: [],
        signers: [],
        fee: 0n,
        lamports: null,
        logs: [JSON.stringify(act)],
      };
    },
    async accounts(addresses) {
      stormy();
      return { slot: sim.slot(), accounts: addresses.map((each) => accountAt(each, sim.balances)) };
    },
    slices: async () => {
      throw new Fault('rpc_unavailable', 'the simulator has no account slices');
    },
    async signatures(account, afterSlot, seenSlot, commitment) {
      stormy();
      const final = commitment === 'finalized' ? sim.finalSlot(lag()) : sim.slot() - lag();
      if (final < seenSlot) throw new Fault('rpc_unavailable', 'this node is behind');
      return sim
        .blocks()
        .filter((block) => block.slot > afterSlot && block.slot <= final)
        .flatMap((block) =>
          block.executed.flatMap((each, index) =>
            watchedBy(each.act.subscriber).includes(account)
              ? [
                  {
                    signature: each.signature,
                    slot: block.slot,
                    blockIndex: index,
                    memo: each.act.kind === 'payment' ? each.act.memo : null,
                    failed: each.error !== null,
                  },
                ]
              : [],
          ),
        );
    },
    finalizedHeight: async () => sim.blocks().length,
    actsOf: (transaction) => actsOf(parse<Act>(Buffer.from(transaction.logs[0] ?? '{}'))),
    isOnCurve: () => true,
    derivedAddress: () => null,
    tokenAccountRent: async () => 0n,
    tokenAccount: (_, owner) => {
      for (let index = 0; index < sim.balances.accounts.length; index++)
        if (owner === at(index, 'creator')) return at(index, 'creatorTokens');
      if (owner === SPONSOR) return SPONSOR_TOKENS;
      throw new RangeError(`no token account of ${owner}`);
    },
    simulateBytes: () => Promise.reject(new RangeError('nobody swaps here')),
    fits: async () => true,
    programsOf: () => [],
    readTokenAccount: (account) =>
      account === null ? null : { amount: BigInt(parse<string>(account.data)), frozen: false },
    transferInstructions: (parts, _mint, _decimals, memo) => ({
      before: [],
      after: [{ program: MINT, accounts: [], data: bytesOf(actOf(parts, memo, 0)) }],
    }),
    async simulate(_payer, instructions) {
      stormy();
      const act = parse<Act>((instructions.at(-1) as Instruction).data);
      const height = sim.blocks().length;
      return {
        // What one node simulates another may not: an oracle gone stale, nothing left to settle.
        error: random.chance(world.weather().error) ? 'flaky' : sim.trial(act),
        units: 1,
        logs: [],
        programs: [],
        accounts: [],
        blockhash: String(height),
        lastValidBlockHeight: height + BLOCKHASH_LIFE,
        slot: sim.slot(),
      };
    },
    async send(bytes) {
      const { lost, denied, delayed } = world.weather();
      if (random.chance(lost)) return;
      sim.submit(bytes, random.chance(delayed) ? 1 + random.below(BLOCKHASH_LIFE + 4) : 0);
      if (random.chance(denied))
        throw new Fault('rpc_unavailable', 'denied, and yet it is on its way');
    },
    async look(signature) {
      if (random.chance(world.weather().error)) return { seen: 'nothing', why: 'weather' };
      const behind = lag();
      const found = sim.find(signature, behind);
      const finalHeight = sim
        .blocks()
        .filter((block) => block.slot <= sim.finalSlot(behind)).length;
      if (found === null || random.chance(world.weather().lie))
        return { seen: 'absent', finalizedBlockHeight: finalHeight };
      const finality = found.slot <= sim.finalSlot(behind) ? 'finalized' : 'confirmed';
      return { seen: 'executed', finality, slot: found.slot, error: found.executed.error };
    },
    async deathEvidence(signed) {
      stormy();
      const unanswered = () => random.chance(world.weather().error);
      const finalizedBlockHeight = sim
        .blocks()
        .filter((block) => block.slot <= sim.finalSlot()).length;
      const absent = sim.find(signed.signature) === null;
      // One index of a node may be broken; that all three are is what a second provider is for.
      const liar = random.chance(world.weather().lie) ? random.below(3) : -1;
      const answers = [0, 1, 2].map((each) =>
        unanswered() ? null : each === liar ? true : absent,
      );
      const [statusAbsent = null, transactionAbsent = null, historyAbsent = null] = answers;
      return {
        finalizedBlockHeight,
        statusAbsent,
        transactionAbsent,
        historyAbsent,
        secondOpinion: true,
      };
    },
  };

  const venue = createSimVenue(sim);
  const pen: Pen = {
    sponsor: SPONSOR,
    seal: () => new Uint8Array(),
    sign({ parts, memo, blockhash }) {
      const bytes = bytesOf(actOf(parts, memo, Number(blockhash)));
      return { signature: signatureOf(bytes), bytes };
    },
    signSwap: () => {
      throw new RangeError('nobody swaps here');
    },
  };
  const fees: FeeMarket = {
    priorityFeeMost: 0n,
    microLamports: async () => 0n,
    lamportsPerSignature: async () => 5_000n,
  };
  return { chain, venue, pen, fees };
}
