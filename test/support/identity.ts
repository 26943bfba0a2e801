// Identity: compares the facts of every transaction with the accounts' own totals, to the unit and
// at once. A difference must equal the amounts that the records leave open, as the daemon's check
// demands.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { PublicKey } from '@solana/web3.js';
import type { Fact } from '../../src/core/fact.ts';
import type { Address } from '../../src/core/ids.ts';
import {
  type AccountState,
  COUNTERS,
  type Counters,
  checkState,
  NO_COUNTERS,
} from '../../src/core/reckoning.ts';
import type { Watched } from '../../src/core/watch-ports.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import type { World } from '../../src/local/world.ts';
import type { Dialect } from '../../src/venue/dialect.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hear } from './hear.ts';
import { transactionOf } from './transaction.ts';

type Kept = {
  readonly watched: Watched;
  baseline: AccountState;
  told: Counters;
  perhaps: bigint[];
  untoldFees: number;
};

const add = (a: Counters, b: Counters): Counters =>
  Object.fromEntries(COUNTERS.map((name) => [name, a[name] + b[name]])) as Counters;

export type Identity = {
  readonly watched: ReadonlyMap<string, Watched>;
  /** Watches a trader's Drift account, wallet and token account from here on. */
  watch(trader: Trader, subscriberId: string): void;
  /** Hears a transaction and checks every watched account that it names. Returns its facts. */
  take(landed: Landed, label: string): Fact[];
  /** Checks every account, touched or not. */
  checkAll(label: string): void;
  /**
   * The sum of open amounts that were needed so far, by account: rewards that came, less fees that
   * no record told.
   */
  readonly opened: ReadonlyMap<string, bigint>;
};

/** `flatFee` is the keepers' fee that the world's State names. */
export function createIdentity(
  { cluster }: Pick<World, 'cluster'>,
  flatFee = 10_000n,
  dialect: Dialect = DRIFT_V2,
): Identity {
  const { addresses, states, profile } = dialect;
  const watched = new Map<string, Watched>();
  const kept = new Map<string, Kept>();
  const opened = new Map<string, bigint>();
  const seen = ({ address, role }: Watched): AccountState => {
    const account = cluster.bank.get(address);
    const found = account && { ...account, owner: account.owner as Address };
    const state = states.stateOf(role, cluster.slot('processed'), found);
    if (state === null) throw new Error(`${address} keeps no counters`);
    return state;
  };
  const check = (each: Kept, label: string): void => {
    const now = seen(each.watched);
    const open = { amounts: each.perhaps, untoldFees: each.untoldFees };
    const verdict = checkState(each.baseline, each.told, 0, now, open, flatFee);
    assert.deepEqual(
      verdict,
      { verdict: 'explained' },
      `${each.watched.subscriberId} ${each.watched.role}: ${label}: ${inspect(verdict)}`,
    );
    const { address } = each.watched;
    const more = now.counters.realised - each.baseline.counters.realised - each.told.realised;
    opened.set(address, (opened.get(address) ?? 0n) + more);
    Object.assign(each, { baseline: now, told: NO_COUNTERS, perhaps: [], untoldFees: 0 });
  };
  return {
    watched,
    opened,
    watch({ agent, subAccountId }, subscriberId) {
      const { publicKey } = agent;
      const put = (address: string, role: Watched['role']) => {
        const venue = role === 'drift_user' ? { venue: profile.name } : {};
        const account: Watched = { address: address as Address, subscriberId, role, ...venue };
        watched.set(address, account);
        if (role === 'agent_wallet') return;
        kept.set(address, {
          watched: account,
          baseline: seen(account),
          told: NO_COUNTERS,
          perhaps: [],
          untoldFees: 0,
        });
      };
      put(addresses.user(publicKey.toBase58() as Address, subAccountId), 'drift_user');
      put(publicKey.toBase58(), 'agent_wallet');
      put(
        getAssociatedTokenAddressSync(new PublicKey(profile.quote.mint), publicKey).toBase58(),
        'agent_token_account',
      );
    },
    take(landed, label) {
      const transaction = transactionOf(landed);
      const facts = hear(dialect, transaction, watched);
      for (const { account, body } of facts) {
        assert.notEqual(body.kind, 'unknown', `${label}: ${inspect(body)}`);
        const each = kept.get(account);
        if (body.kind !== 'tally' || each === undefined) continue;
        each.told = add(each.told, body);
        each.perhaps.push(...(body.perhaps ?? []));
        each.untoldFees += body.untoldFees ?? 0;
      }
      for (const each of kept.values())
        if (transaction.keys.includes(each.watched.address)) check(each, label);
      return facts;
    },
    checkAll(label) {
      for (const each of kept.values()) check(each, label);
    },
  };
}
