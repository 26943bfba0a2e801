// World: the people of every simulated history, with addresses and keys that are made once:
// subscribers with an agent and two sub-accounts, creators, a sponsor, and their money at the
// start.
import './remembered.ts';
import { createHash } from 'node:crypto';
import { Keypair, PublicKey } from '@solana/web3.js';
import { createPen } from '../../src/chain/pen.ts';
import { createSigners } from '../../src/chain/signers.ts';
import { createVault } from '../../src/chain/vault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { SealedKey } from '../../src/core/ports.ts';
import { PROGRAM_ID, QUOTE_MINT } from '../../src/venue/drift-v2/profile.ts';
import { createSdkDoor } from '../../src/venue/drift-v2/sdk.ts';
import { createDriftVenue, DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { rentOf, SYSTEM } from './chain/account.ts';
import type { SimChain } from './chain/chain.ts';
import { perpMarketAccount, quoteMarketAccount, stateAccount, userAccount } from './chain/drift.ts';
import { associatedAddress, tokenAccount } from './chain/programs.ts';
import { furnishPool, SWAP } from './chain/swaps.ts';

const keypair = (name: string): Keypair =>
  Keypair.fromSeed(createHash('sha256').update(`bailiff simulator: ${name}`).digest());
const text = (key: PublicKey): Address => key.toBase58() as Address;
const pda = (...seeds: (string | Buffer)[]): Address =>
  text(
    PublicKey.findProgramAddressSync(
      seeds.map((each) => Buffer.from(each)),
      new PublicKey(PROGRAM_ID),
    )[0],
  );
const u16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const ata = (owner: PublicKey): Address => associatedAddress(QUOTE_MINT, text(owner));

export const SUBSCRIBERS = 2;
export const SUB_ACCOUNTS = 2;
export const CREATORS = 2;
export const MARKETS = 3;
export const SHARE_BPS = 1_000;

export type Person = {
  readonly id: string;
  readonly agent: Address;
  readonly agentTokens: Address;
  /** By sub-account id. */
  readonly users: readonly Address[];
  readonly stats: Address;
  readonly sealed: SealedKey;
};
const sponsor = keypair('sponsor');
export const SPONSOR_KEY = sponsor.secretKey;
export const SPONSOR = text(sponsor.publicKey);
export const SPONSOR_TOKENS = ata(sponsor.publicKey);
/** A person with money of their own, who trades, tips, and sends dust. */
const stranger = keypair('stranger').publicKey;
export const STRANGER = text(stranger);
export const STRANGER_TOKENS = ata(stranger);

export const VAULT = createVault({ masterKey: Buffer.alloc(32, 7), nextMasterKey: null });
export const PRIORITY_FEE_MOST = 20_000n;
const door = createSdkDoor(DRIFT_V2);
await door.load();
export const venueOf = () => createDriftVenue(door);
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
    venueOf: () => venueOf(),
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
    agentTokens: ata(own.publicKey),
    users: Array.from({ length: SUB_ACCOUNTS }, (_each, sub) =>
      pda('user', own.publicKey.toBuffer(), u16(sub)),
    ),
    stats: pda('user_stats', own.publicKey.toBuffer()),
    sealed: { subscriberId: id, publicKey: agent, sealed: SIGNERS.seal(id, agent, own.secretKey) },
  };
});
export const CREATOR_WALLETS: readonly Address[] = Array.from({ length: CREATORS }, (_, index) =>
  text(keypair(`creator ${index}`).publicKey),
);
export const creatorTokens = (wallet: Address): Address => ata(new PublicKey(wallet));

export const PLACES = {
  state: pda('drift_state'),
  signer: pda('drift_signer'),
  vault: pda('spot_market_vault', u16(0)),
  quoteMarket: pda('spot_market', u16(0)),
  perpMarkets: Array.from({ length: MARKETS }, (_, index) => pda('perp_market', u16(index))),
  oracle: text(keypair('oracle').publicKey),
};
const lamports = (amount: bigint) => ({ lamports: amount, owner: SYSTEM, data: new Uint8Array() });

/** The subscription of a sub-account: each sub-account copies one creator. */
export const subscriptionOf = (person: number, sub: number) => ({
  id: `${PEOPLE[person]?.id}-${sub}`,
  subscriberId: PEOPLE[person]?.id ?? '',
  driftAccount: PEOPLE[person]?.users[sub] ?? ('' as Address),
  creatorWallet: CREATOR_WALLETS[(person + sub) % CREATORS] ?? ('' as Address),
});

/** Writes the accounts that a history begins with. */
export function furnish(chain: SimChain): void {
  const { store } = chain;
  furnishPool(chain);
  const ample = 10n ** 15n;
  store.set(PLACES.state, stateAccount(false));
  store.set(PLACES.quoteMarket, quoteMarketAccount(QUOTE_MINT));
  for (const [index, address] of PLACES.perpMarkets.entries())
    store.set(address, perpMarketAccount(index, PLACES.oracle));
  store.set(PLACES.vault, tokenAccount(QUOTE_MINT, PLACES.signer, ample));
  store.set(STRANGER, lamports(10n ** 15n));
  store.set(STRANGER_TOKENS, tokenAccount(QUOTE_MINT, STRANGER, ample));
  store.set(SPONSOR_TOKENS, tokenAccount(QUOTE_MINT, SPONSOR, 0n));
  store.set(SPONSOR, lamports(rentOf(0)));
  for (const { agent, agentTokens, users } of PEOPLE) {
    store.set(agent, lamports(rentOf(0)));
    store.set(agentTokens, tokenAccount(QUOTE_MINT, agent, 0n));
    for (const [sub, address] of users.entries())
      store.set(address, userAccount(agent, sub, 10n ** 9n));
  }
  for (const wallet of CREATOR_WALLETS) {
    store.set(wallet, lamports(rentOf(0)));
    store.set(creatorTokens(wallet), tokenAccount(QUOTE_MINT, wallet, 0n));
  }
}
