// People: events from outside in a simulated history: trades, withdrawals while owing, gifts,
// pauses, token accounts that are closed, frozen or given away, operators, and the weather.
import type { Address } from '../../src/core/ids.ts';
import { least } from '../../src/core/money.ts';
import type { Ledger } from '../../src/core/ports.ts';
import type { ProfitShare } from '../../src/core/profit-share.ts';
import { termsAfter } from '../../src/core/terms.ts';
import { NOTHING_HELD } from '../support/terms.ts';
import { ACTS, openTokens } from './acts.ts';
import { base58Of, rentOf } from './chain/account.ts';
import type { Landed, SimChain } from './chain/chain.ts';
import { depositOf } from './chain/drift.ts';
import { keyBytes, made, type SimInstruction } from './chain/message.ts';
import { FROZEN } from './chain/programs.ts';
import { SWAP } from './chain/swaps.ts';
import { DRIFT, SIM_VENUES, type SimVenue, stateAccount } from './chain/venues.ts';
import { readingsOf } from './cleared.ts';
import type { Climate, DrawnTerms } from './climate.ts';
import type { Random } from './random.ts';
import {
  accountsOf,
  agentTokensAt,
  CREATOR_WALLETS,
  creatorTokens,
  MARKETS,
  PEOPLE,
  type Person,
  PLACES,
  SPONSOR,
  STRANGER,
  STRANGER_TOKENS,
  strangerTokens,
  subscriptionOf,
  venueOfUser,
} from './world.ts';

/** Transfers of tokens out of a wallet up to this sum are tips, which count for nothing. */
export const TIPS_MOST = 500_000n;

export type People = {
  /** Something happens on chain. */
  live(): void;
  /**
   * The acts of an operator. Signing is halted only where the climate allows it; a daemon voids
   * debts.
   */
  operate(
    ledger: Ledger,
    halts: boolean,
    voids: (share: ProfitShare) => Promise<void>,
  ): Promise<void>;
  /**
   * What happens in some climates only. A stranger names a payment of ours in a memo, and sends
   * dust to the agent or to a creator with it; a creator is paid by others; a wallet gets tokens.
   */
  beside(climate: Pick<Climate, 'strangers' | 'transfers' | 'topUps'>): void;
  /**
   * When each transaction that people made was executed first, by its signature; a fork may move it
   * to later.
   */
  readonly firstMs: ReadonlyMap<string, number>;
  /**
   * The way of a payment is taken away: everything leaves this account at the venue; with null, the
   * agent's token account is frozen, closed or given away.
   */
  obstruct(subscriberId: string, user: Address | null): void;
  /** Does this, signed by the stranger who pays, and by another. */
  act(instructions: readonly SimInstruction[], signer?: string): Landed | null;
  /** A subscription gets other terms: another wallet or creator, another share, another basis. */
  agree(ledger: Ledger, drawn: DrawnTerms): Promise<void>;
  /** A platform is given a clearance to withdraw, or to close a subscriber's account. */
  clear(ledger: Ledger): Promise<void>;
  /** Ends every obstacle to payments: pauses, and lack of money. */
  mend(): void;
  resume(): void;
  /** The sponsor has enough for everything. */
  fund(): void;
  /**
   * In a rich climate the sponsor has enough for everything. Where agents swap, each gets tokens,
   * and SOL that suffices for a swap and not for a payment; and again when obstacles end, if its
   * token account is its own. Where both venues play, people act at either.
   */
  begin(climate: Pick<Climate, 'rich' | 'swaps' | 'both'>): void;
};

export function createPeople(
  chain: SimChain,
  random: Random,
  nowMs: () => number = () => 0,
): People {
  let nonce = 0;
  const paused = new Set<SimVenue>();
  let clearances = 0;
  let swapping = false;
  let both = false;
  /** The accounts of a person that play, and a venue of those that do. */
  const played = (person: Person): readonly Address[] => (both ? accountsOf(person) : person.users);
  const someVenue = (): SimVenue => (both ? random.pick(SIM_VENUES) : DRIFT);
  const venuesPlayed = (): readonly SimVenue[] => (both ? SIM_VENUES : [DRIFT]);
  const firstMs = new Map<string, number>();
  const act: People['act'] = (instructions, signer) => {
    const signers = [STRANGER, ...(signer === undefined ? [] : [signer])];
    const transaction = made(nonce++, signers, instructions);
    firstMs.set(transaction.signature, nowMs());
    return chain.happen(transaction);
  };
  const equip = ({ agent, agentTokens }: Person): void => {
    const lacks = SWAP.lamports - (chain.store.get(agent)?.lamports ?? 0n);
    if (lacks > 0n) act(ACTS.sendSol(agent, lacks));
    act(ACTS.sendTokens(STRANGER_TOKENS, agentTokens, STRANGER, 5n * SWAP.amount));
  };
  const fund = (): void => void act(ACTS.sendSol(SPONSOR, 10n ** 12n));
  const tokensUsable = ({ agent, agentTokens }: Person): boolean => {
    const found = chain.store.get(agentTokens);
    return found !== null && base58Of(Buffer.from(found.data), 32) === agent;
  };
  const pause = (venue: SimVenue, wanted: boolean): void => {
    if (wanted) paused.add(venue);
    else paused.delete(venue);
    chain.store.set(PLACES[venue.name].state, stateAccount(venue, wanted));
  };
  const amountOf = (account: string): bigint => {
    const found = chain.store.get(account);
    return found === null ? 0n : Buffer.from(found.data).readBigUInt64LE(64);
  };
  /**
   * A creator takes what it earned and closes its account, or the issuer freezes it for a while.
   */
  const troubleCreator = (wallet: string): void => {
    const venue = someVenue();
    const account = creatorTokens(wallet as Address, venue);
    const known = chain.store.get(account);
    if (known === null) act(openTokens(account, wallet, venue));
    else if (known.data[108] === FROZEN) act(ACTS.freeze(account, false, venue));
    else if (random.chance(0.4)) act(ACTS.freeze(account, true, venue));
    else {
      const taken = ACTS.sendTokens(account, strangerTokens(venue), wallet, amountOf(account));
      act([...taken, ...ACTS.closeTokens(account, wallet)], wallet);
    }
  };
  /**
   * The agent's own token account is frozen, closed, or given to a stranger; the second only while
   * it is empty, and the last sometimes with tokens in it.
   */
  const troubleAgent = (person: Person): void => {
    const { agent } = person;
    const venue = someVenue();
    const tokens = agentTokensAt(person, venue);
    const known = chain.store.get(tokens);
    if (known === null) act(openTokens(tokens, agent, venue));
    else if (known.data[108] === FROZEN) act(ACTS.freeze(tokens, false, venue));
    else if (random.chance(0.4)) act(ACTS.freeze(tokens, true, venue));
    else if (amountOf(tokens) > 0n && random.chance(0.7)) return;
    else if (amountOf(tokens) === 0n && random.chance(0.7))
      act(ACTS.closeTokens(tokens, agent), agent);
    else act(ACTS.giveAway(tokens, agent, keyBytes(STRANGER)), agent);
  };
  /**
   * The subscriber, or another system that holds its key, pays a creator: out of the venue, or out
   * of the wallet. A close brings a debt of some 80,000, so this is a part, the whole, or more.
   */
  const payCreator = (person: Person): void => {
    const creator = random.pick(CREATOR_WALLETS);
    const amount = 1n + BigInt(random.below(random.chance(0.7) ? 90_000 : 400_000));
    if (random.chance(0.5)) {
      const user = random.pick(played(person));
      const into = creatorTokens(creator, venueOfUser(user));
      act(ACTS.withdraw(person, user, amount, into), person.agent);
    } else {
      const venue = someVenue();
      const tokens = agentTokensAt(person, venue);
      const part = least(amount, amountOf(tokens));
      const into = creatorTokens(creator, venue);
      act(ACTS.sendTokens(tokens, into, person.agent, part), person.agent);
    }
  };
  /**
   * Tokens come into the wallet out of the venue or from a stranger, or leave it: a tip, or more
   * than the allowance for tips.
   */
  const fillWallet = (person: Person): void => {
    const { agent } = person;
    const amount = 1n + BigInt(random.below(300_000));
    const what = random.next();
    if (what < 0.4) {
      const user = random.pick(played(person));
      act(ACTS.withdraw(person, user, amount, agentTokensAt(person, venueOfUser(user))), agent);
      return;
    }
    const venue = someVenue();
    const [own, strangers] = [agentTokensAt(person, venue), strangerTokens(venue)];
    if (what < 0.7) act(ACTS.sendTokens(strangers, own, STRANGER, 4n * amount));
    else {
      const taken = random.chance(0.5) ? amount / 10n : TIPS_MOST + amount;
      act(ACTS.sendTokens(own, strangers, agent, taken), agent);
    }
  };
  return {
    act,
    firstMs,
    live() {
      const person = random.pick(PEOPLE);
      const user = random.pick(played(person));
      const what = random.next();
      if (what < 0.45) {
        const netPnl = BigInt(random.below(2_000_000) - 400_000);
        act(ACTS.close(user, random.below(MARKETS), netPnl));
      } else if (what < 0.6) {
        // A part, or everything: then what is on its way fails on chain.
        const deposit = depositOf(chain.store.get(user));
        const part = 1n + BigInt(random.below(Number(deposit / 4n) + 1));
        const amount = random.chance(0.5) ? part : deposit;
        act(ACTS.withdraw(person, user, amount, strangerTokens(venueOfUser(user))), person.agent);
      } else if (what < 0.65) act(ACTS.deposit(person, user, BigInt(1 + random.below(3_000_000))));
      else if (what < 0.75) act(ACTS.sendSol(person.agent, 20_000n));
      else if (what < 0.9) act(ACTS.sendSol(SPONSOR, 60_000n));
      else if (what < 0.94) {
        const venue = someVenue();
        pause(venue, !paused.has(venue));
      } else if (what < 0.97) troubleCreator(random.pick(CREATOR_WALLETS));
      else troubleAgent(person);
    },
    obstruct(subscriberId, user) {
      const person = PEOPLE.find((each) => each.id === subscriberId);
      if (person === undefined) return;
      if (user === null) return troubleAgent(person);
      const all = depositOf(chain.store.get(user));
      act(ACTS.withdraw(person, user, all, strangerTokens(venueOfUser(user))), person.agent);
    },
    beside({ strangers, transfers, topUps }) {
      if (random.chance(transfers)) payCreator(random.pick(PEOPLE));
      if (random.chance(topUps)) fillWallet(random.pick(PEOPLE));
      if (!random.chance(strangers)) return;
      const payment = `bailiff:p${1 + random.below(6)}.${1 + random.below(8)}`;
      const venue = someVenue();
      const into = random.pick([
        ...PEOPLE.map((each) => agentTokensAt(each, venue)),
        ...CREATOR_WALLETS.map((each) => creatorTokens(each, venue)),
      ]);
      const grains = 1n + BigInt(random.below(99));
      const dust = ACTS.sendTokens(strangerTokens(venue), into, STRANGER, grains);
      act([...ACTS.memo(payment), ...dust]);
    },
    async operate(ledger, halts, voids) {
      const { id } = random.pick(PEOPLE);
      const what = random.next() * (halts ? 1 : 0.6);
      if (what < 0.25) await ledger.shares.hasten(id);
      else if (what < 0.6) {
        const open = await ledger.shares.open(id);
        const share = open.length === 0 ? null : random.pick(open);
        if (share !== null && what < 0.5) await ledger.shares.retry(share.id);
        else if (share !== null) await voids(share);
      } else if (what < 0.8)
        await ledger.halts.set(random.pick(['all', `subscriber:${id}`]), 'drill');
      else for (const { scope } of await ledger.halts.list()) await ledger.halts.lift(scope);
    },
    async clear(ledger) {
      const person = random.pick(PEOPLE);
      const grantedSlot = chain.block(chain.tip()).slot;
      const untilSlot = grantedSlot + 1 + random.below(200);
      const amount = random.chance(0.5) ? null : BigInt(1 + random.below(1_000_000_000));
      const purpose = amount === null ? ('close' as const) : ('withdraw' as const);
      const venue = someVenue();
      const clearance = { purpose, amount, trades: [], mint: venue.mint };
      const name = `c${++clearances}`;
      const granted = { ...clearance, id: name, grantedSlot, untilSlot };
      const readings = readingsOf(chain, person, venue, grantedSlot);
      const settled = { most: amount ?? 0n, slot: grantedSlot, readings };
      const [fromMs, untilMs] = [nowMs(), nowMs() + 60_000];
      await ledger.clearances.grant(person.id, granted, fromMs, untilMs, null, settled);
    },
    async agree(ledger, { rules, splits }) {
      const person = random.below(PEOPLE.length);
      const sub = random.below(played(PEOPLE[person] as Person).length);
      const { creatorWallet: _, ...subscription } = subscriptionOf(person, sub);
      const latest = (await ledger.subscriptions.find(subscription.id))?.terms.at(-1) ?? null;
      const change = {
        ...rules,
        ...(random.chance(0.5) ? { creatorWallet: random.pick(CREATOR_WALLETS) } : {}),
        ...(random.chance(0.5) ? { shareBps: random.pick([500, 1_000, 2_000]) } : {}),
        ...(random.chance(0.5)
          ? { basis: random.pick(['per_close', 'high_water_mark'] as const) }
          : {}),
        newCreator: random.chance(0.5),
      };
      const creator = change.creatorWallet ?? latest?.creatorWallet;
      const named = { ...change, splits: creator === undefined ? [] : splits(creator) };
      const terms = termsAfter(latest, named, chain.block(chain.tip()).slot + 1);
      await ledger.subscriptions.put({
        ...subscription,
        terms,
        held: NOTHING_HELD,
        basedOn: latest?.fromSlot ?? null,
      });
    },
    resume() {
      for (const venue of venuesPlayed()) pause(venue, false);
    },
    begin({ rich, swaps, both: wanted }) {
      if (rich) fund();
      swapping = swaps;
      both = wanted;
      if (swaps) for (const person of PEOPLE) equip(person);
    },
    fund,
    mend() {
      this.resume();
      fund();
      for (const venue of venuesPlayed()) {
        for (const wallet of CREATOR_WALLETS) {
          const account = creatorTokens(wallet, venue);
          if (chain.store.get(account) === null) act(openTokens(account, wallet, venue));
          else act(ACTS.freeze(account, false, venue));
        }
        for (const person of PEOPLE) {
          const tokens = agentTokensAt(person, venue);
          if (chain.store.get(tokens)?.data[108] === FROZEN) act(ACTS.freeze(tokens, false, venue));
        }
      }
      for (const person of PEOPLE) {
        const swaps = swapping && tokensUsable(person);
        if (swaps) equip(person);
        else act(ACTS.sendSol(person.agent, 10n * rentOf(165)));
        for (const user of played(person)) act(ACTS.deposit(person, user, 10n ** 12n));
      }
    },
  };
}
