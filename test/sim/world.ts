// World: the people of every simulated history, with addresses and keys that are made once:
// subscribers with an agent and two sub-accounts, creators, a sponsor, and their money at the
// start.
import type { VenueName } from '../../src/core/venue-name.ts';
import './remembered.ts';
import { createHash } from 'node:crypto';
import { Keypair, PublicKey } from '@solana/web3.js';
import { createPen } from '../../src/chain/pen.ts';
import { createSigners } from '../../src/chain/signers.ts';
import { createVault } from '../../src/chain/vault.ts';
import type { SealedKey } from '../../src/core/agent-key.ts';
import type { Address } from '../../src/core/ids.ts';
import type { Venue } from '../../src/core/venue.ts';
import { createSdkDoor } from '../../src/venue/drift-v2/sdk.ts';
import { createDriftVenue, DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { createVelocityVenue } from '../../src/venue/velocity/venue.ts';
import { rentOf, SYSTEM } from './chain/account.ts';
import type { SimChain } from './chain/chain.ts';
import { LOOKUP_TABLES } from './chain/message.ts';
import { associatedAddress, tokenAccount } from './chain/programs.ts';
import { furnishPool, SWAP } from './chain/swaps.ts';
import {
  DRIFT,
  perpMarketAccount,
  quoteMarketAccount,
  SIM_VENUES,
  type SimVenue,
  stateAccount,
  userAccount,
  VELOCITY,
} from './chain/venues.ts';

const keypair = (name: string): Keypair =>
  Keypair.fromSeed(createHash('sha256').update(`bailiff simulator: ${name}`).digest());
const text = (key: PublicKey): Address => key.toBase58() as Address;
const pda = ({ program }: SimVenue, ...seeds: (string | Buffer)[]): Address =>
  text(
    PublicKey.findProgramAddressSync(
      seeds.map((each) => Buffer.from(each)),
      new PublicKey(program),
    )[0],
  );
const u16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const ata = ({ mint }: SimVenue, owner: Address): Address => associatedAddress(mint, owner);

export const SUBSCRIBERS = 2;
/** Of each person at Drift v2. */
export const SUB_ACCOUNTS = 2;
export const CREATORS = 2;
export const MARKETS = 3;
export const SHARE_BPS = 1_000;

export type Person = {
  readonly id: string;
  readonly agent: Address;
  /** The agent's account of Drift v2's token, and that of Velocity's. */
  readonly agentTokens: Address;
  readonly agentUsdt: Address;
  /** By sub-account id, at Drift v2. */
  readonly users: readonly Address[];
  /** At Velocity, where only some histories play. */
  readonly velocityUser: Address;
  readonly stats: Readonly<Record<VenueName, Address>>;
  readonly sealed: SealedKey;
};
const sponsor = keypair('sponsor');
export const SPONSOR_KEY = sponsor.secretKey;
export const SPONSOR = text(sponsor.publicKey);
export const sponsorTokens = (venue: SimVenue): Address => ata(venue, SPONSOR);
/** A person with money of their own, who trades, tips, and sends dust. */
const stranger = keypair('stranger').publicKey;
export const STRANGER = text(stranger);
export const strangerTokens = (venue: SimVenue): Address => ata(venue, STRANGER);
export const STRANGER_TOKENS = strangerTokens(DRIFT);

export const VAULT = createVault({ masterKey: Buffer.alloc(32, 7), nextMasterKey: null });
export const PRIORITY_FEE_MOST = 20_000n;
const door = createSdkDoor(DRIFT_V2);
await door.load();
/** The venue as a daemon knows it. */
export const venueOf = (name: VenueName): Venue =>
  name === VELOCITY.name ? createVelocityVenue() : createDriftVenue(door);
export const SIGNERS = createSigners({ vault: VAULT, sponsorKey: SPONSOR_KEY });
const SWAP_LIMITS = {
  amountMost: SWAP.amount,
  slippageBpsMost: SWAP.slippageBpsMost,
  lamportsLeast: SWAP.lamportsLeast,
};
/** Agents that pay their own fees, and swap tokens for SOL. */
export const SIGNERS_ALONE = createSigners({ vault: VAULT, sponsorKey: null });
export const penOf = (swapping: boolean) =>
  createPen({
    signers: swapping ? SIGNERS_ALONE : SIGNERS,
    venueOf,
    priorityFeeMost: PRIORITY_FEE_MOST,
    reimburseMost: 1_000_000n,
    limits: { paymentMost: null, subscriberADayMost: null },
    nowMs: () => 0,
    swap: swapping ? SWAP_LIMITS : null,
  });

export const PEOPLE: readonly Person[] = Array.from({ length: SUBSCRIBERS }, (_, index) => {
  const own = keypair(`agent ${index}`);
  const agent = text(own.publicKey);
  const id = `s${index}`;
  return {
    id,
    agent,
    agentTokens: ata(DRIFT, agent),
    agentUsdt: ata(VELOCITY, agent),
    users: Array.from({ length: SUB_ACCOUNTS }, (_each, sub) =>
      pda(DRIFT, 'user', own.publicKey.toBuffer(), u16(sub)),
    ),
    velocityUser: pda(VELOCITY, 'user', own.publicKey.toBuffer(), u16(0)),
    stats: {
      'drift-v2': pda(DRIFT, 'user_stats', own.publicKey.toBuffer()),
      velocity: pda(VELOCITY, 'user_stats', own.publicKey.toBuffer()),
    },
    sealed: { subscriberId: id, publicKey: agent, sealed: SIGNERS.seal(id, agent, own.secretKey) },
  };
});
/** The accounts of a person that are watched; those at Velocity only where both venues are. */
export const watchedOf = (person: Person, both: boolean): Address[] => [
  person.agent,
  person.agentTokens,
  ...person.users,
  ...(both ? [person.agentUsdt, person.velocityUser] : []),
];

export const CREATOR_WALLETS: readonly Address[] = Array.from({ length: CREATORS }, (_, index) =>
  text(keypair(`creator ${index}`).publicKey),
);
export const creatorTokens = (wallet: Address, venue = DRIFT): Address => ata(venue, wallet);

/** All accounts of a person, in the order of their subscriptions. */
export const accountsOf = ({ users, velocityUser }: Person): readonly Address[] => [
  ...users,
  velocityUser,
];
const AT_VELOCITY: ReadonlySet<string> = new Set(PEOPLE.map((each) => each.velocityUser));
export const venueOfUser = (user: string): SimVenue => (AT_VELOCITY.has(user) ? VELOCITY : DRIFT);
/** The agent's account of a venue's token. */
export const agentTokensAt = (person: Person, venue: SimVenue): Address =>
  venue === VELOCITY ? person.agentUsdt : person.agentTokens;

const placesOf = (venue: SimVenue) => ({
  state: pda(venue, venue.seeds.state),
  signer: pda(venue, venue.seeds.signer),
  vault: pda(venue, 'spot_market_vault', u16(0)),
  quoteMarket: pda(venue, 'spot_market', u16(0)),
  perpMarkets: Array.from({ length: MARKETS }, (_, index) => pda(venue, 'perp_market', u16(index))),
});
export const PLACES = { 'drift-v2': placesOf(DRIFT), velocity: placesOf(VELOCITY) };
const ORACLE = text(keypair('oracle').publicKey);
/** A lookup table, which payments under a nonce may need for their size. */
export const TABLE = {
  key: text(keypair('lookup table').publicKey),
  addresses: [
    ...Object.values(PLACES).flatMap((each) => [
      each.state,
      each.signer,
      each.vault,
      each.quoteMarket,
      ...each.perpMarkets,
    ]),
    ORACLE,
  ],
};
LOOKUP_TABLES.set(TABLE.key, TABLE.addresses);
const lamports = (amount: bigint) => ({ lamports: amount, owner: SYSTEM, data: new Uint8Array() });

/** The subscription of an account, by its place in `accountsOf`: each copies one creator. */
export const subscriptionOf = (person: number, sub: number) => ({
  id: `${PEOPLE[person]?.id}-${sub}`,
  subscriberId: PEOPLE[person]?.id ?? '',
  driftAccount: accountsOf(PEOPLE[person] as Person)[sub] ?? ('' as Address),
  creatorWallet: CREATOR_WALLETS[(person + sub) % CREATORS] ?? ('' as Address),
});

/** Writes the accounts that a history begins with. */
export function furnish(chain: SimChain): void {
  const { store } = chain;
  furnishPool(chain);
  const ample = 10n ** 15n;
  for (const wallet of [...PEOPLE.map(({ agent }) => agent), ...CREATOR_WALLETS, SPONSOR])
    store.set(wallet, lamports(rentOf(0)));
  store.set(STRANGER, lamports(10n ** 15n));
  for (const venue of SIM_VENUES) {
    const { state, quoteMarket, perpMarkets, vault, signer } = PLACES[venue.name];
    store.set(state, stateAccount(venue, false));
    store.set(quoteMarket, quoteMarketAccount(venue));
    for (const address of perpMarkets) store.set(address, perpMarketAccount(venue, ORACLE));
    store.set(vault, tokenAccount(venue.mint, signer, ample));
    store.set(strangerTokens(venue), tokenAccount(venue.mint, STRANGER, ample));
    for (const owner of [...PEOPLE.map(({ agent }) => agent), ...CREATOR_WALLETS, SPONSOR])
      store.set(ata(venue, owner), tokenAccount(venue.mint, owner, 0n));
  }
  for (const { agent, users, velocityUser } of PEOPLE) {
    for (const [sub, address] of users.entries())
      store.set(address, userAccount(DRIFT, agent, sub, 10n ** 9n));
    store.set(velocityUser, userAccount(VELOCITY, agent, 0, 10n ** 9n));
  }
  chain.open();
}
