// Wallet: what left an agent's wallet in one transaction, whoever moved it: tokens of any mint from any token account
// that the agent owns, the ownership of such an account, and SOL. Token balances of the transaction are the measure, so
// a log that is cut or forged changes nothing. What the venue moved in and out is given, and is not the wallet's loss.
import type { FactBody, Outflow } from './fact.ts';
import type { Watched } from './hearing-ports.ts';
import type { Address } from './ids.ts';
import {
  type Call,
  type ChainTransaction,
  LAST_ORDINAL,
  ORDINALS_A_CALL,
  type TokenBalance,
} from './transaction.ts';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  type WalletCall,
  WRAPPED_SOL,
  walletCall,
} from './wallet-call.ts';

export type Perimeter = {
  readonly transaction: ChainTransaction;
  readonly calls: readonly Call[];
  readonly watched: ReadonlyMap<string, Watched>;
  readonly quoteMint: Address;
  readonly venue: Address;
  /** Net tokens that the venue moved into a token account, negative when out of it, for the owner's own account. */
  readonly venueMoved: ReadonlyMap<string, bigint>;
  /** Top-level instructions between which a subscriber swaps with the venue's tokens, both included. */
  readonly swaps: ReadonlyMap<string, readonly [from: number, to: number]>;
};
export type Put = (subscriberId: string, account: Address, ordinal: number, body: FactBody) => void;

/** Who owns a token account, among the watched: it is watched itself, or its owner is. */
export function ownerAmong(
  { transaction, watched }: Pick<Perimeter, 'transaction' | 'watched'>,
  account: Address,
): string | undefined {
  const own = watched.get(account);
  if (own !== undefined) return own.subscriberId;
  const row = transaction.tokenBalances.find((each) => each.account === account);
  const owner = row?.owner ?? row?.ownerAfter ?? null;
  return owner === null ? undefined : watched.get(owner)?.subscriberId;
}

const wallets = (watched: Perimeter['watched'], address: string | null): Watched | undefined => {
  const found = address === null ? undefined : watched.get(address);
  return found?.role === 'agent_wallet' ? found : undefined;
};

/** The single other account that gained of a mint, if there is exactly one. */
function gainer({ transaction }: Perimeter, source: TokenBalance): Address | null {
  const gained = transaction.tokenBalances.filter(
    (each) =>
      each.account !== source.account && each.mint === source.mint && each.after > each.before,
  );
  return gained.length === 1 ? (gained[0]?.account ?? null) : null;
}

function tokenOutflow(
  perimeter: Perimeter,
  row: TokenBalance,
  subscriberId: string,
  amount: bigint,
  given: { route?: Outflow['route']; destination?: Address | null } = {},
): Outflow {
  const destination = given.destination === undefined ? gainer(perimeter, row) : given.destination;
  const toVenue =
    destination !== null &&
    perimeter.calls.some(
      (call) => call.program === perimeter.venue && call.accounts.includes(destination),
    );
  return {
    kind: 'outflow',
    route: given.route ?? (toVenue ? 'foreign_deposit' : 'token_transfer'),
    amount,
    mint: row.mint,
    decimals: row.decimals,
    destination,
    internal: destination !== null && ownerAmong(perimeter, destination) === subscriberId,
    usd: row.mint === perimeter.quoteMint ? amount : null,
  };
}

/** Tokens of accounts that an agent owns, by their balances before and after. */
function hearBalances(perimeter: Perimeter, acts: readonly [Call, WalletCall][], put: Put): void {
  const { transaction, watched, venueMoved, swaps } = perimeter;
  for (const row of transaction.tokenBalances) {
    const watch = watched.get(row.account) ?? wallets(watched, row.owner);
    if (watch === undefined || watch.role === 'drift_user') continue;
    const { subscriberId } = watch;
    const moved = venueMoved.get(row.account) ?? 0n;
    if (watch.role === 'agent_token_account') {
      put(subscriberId, row.account, LAST_ORDINAL, {
        kind: 'tally',
        realised: 0n,
        funding: 0n,
        deposits: 0n,
        withdraws: 0n,
        tokens: row.after - row.before,
      });
    }
    const owner = row.owner === null ? undefined : wallets(watched, row.owner);
    const lost = owner !== undefined && row.ownerAfter !== null && row.ownerAfter !== row.owner;
    if (lost && row.before + moved > 0n) {
      put(subscriberId, row.account, LAST_ORDINAL - 1, {
        ...tokenOutflow(perimeter, row, subscriberId, row.before + moved, {
          route: 'token_handover',
          destination: row.ownerAfter,
        }),
      });
      continue;
    }
    // Inside a swap with the venue's tokens the programs that swap may spend them: only what was sent away by hand counts.
    if (swaps.has(subscriberId)) continue;
    const left = row.before + moved - row.after;
    if (left <= 0n) continue;
    const closed = acts.find(
      ([, act]) => act.act === 'token_close' && act.account === row.account,
    )?.[1];
    const unwrapped =
      row.mint === WRAPPED_SOL && closed?.act === 'token_close' ? closed.destination : undefined;
    if (unwrapped !== undefined && watched.get(unwrapped)?.subscriberId === subscriberId) continue;
    put(
      subscriberId,
      row.account,
      LAST_ORDINAL - 1,
      tokenOutflow(
        perimeter,
        row,
        subscriberId,
        left,
        unwrapped === undefined ? {} : { destination: unwrapped },
      ),
    );
  }
}

/** Lamports a byte that the rent of a new account may be worth at most; what is more is a gift. */
const RENT_A_BYTE = 6_960n;

function hearAct(perimeter: Perimeter, call: Call, act: WalletCall, put: Put): void {
  const { watched, transaction, swaps } = perimeter;
  const ordinal = call.place * ORDINALS_A_CALL;
  switch (act.act) {
    case 'sol_transfer': {
      const watch = wallets(watched, act.source);
      if (watch === undefined) return;
      const top = transaction.instructions[call.top]?.program;
      // Rent of accounts that the agent makes for itself is no loss: token accounts, and the venue's own.
      if (call.inner > 0 && (top === ASSOCIATED_TOKEN_PROGRAM || top === perimeter.venue)) return;
      const rent = act.space === 0n ? 0n : (act.space + 128n) * RENT_A_BYTE;
      const amount = act.lamports - rent;
      if (amount <= 0n) return;
      put(watch.subscriberId, act.source, ordinal, {
        kind: 'outflow',
        route: 'sol_transfer',
        amount,
        mint: null,
        decimals: 9,
        destination: act.destination,
        internal: ownerAmong(perimeter, act.destination) === watch.subscriberId,
        usd: null,
      });
      return;
    }
    case 'token_transfer': {
      const subscriberId = ownerAmong(perimeter, act.source);
      const bracket = subscriberId === undefined ? undefined : swaps.get(subscriberId);
      if (subscriberId === undefined || bracket === undefined || act.amount === 0n) return;
      const inSwap = call.inner > 0 && call.top >= bracket[0] && call.top <= bracket[1];
      const row = transaction.tokenBalances.find((each) => each.account === act.source);
      if (inSwap || row === undefined) return;
      const body = tokenOutflow(perimeter, row, subscriberId, act.amount, {
        route: 'token_transfer',
        destination: act.destination,
      });
      put(subscriberId, act.source, ordinal, body);
      return;
    }
    case 'token_approve': {
      const subscriberId = ownerAmong(perimeter, act.source);
      if (subscriberId === undefined) return;
      put(subscriberId, act.source, ordinal, {
        kind: 'notice',
        what: 'token_approved',
        who: act.delegate,
        amount: act.amount,
        detail: `May take up to ${act.amount} base units of the token account.`,
      });
      return;
    }
    case 'token_set_authority': {
      const subscriberId = ownerAmong(perimeter, act.account);
      if (subscriberId === undefined) return;
      put(subscriberId, act.account, ordinal, {
        kind: 'notice',
        what: 'token_authority_changed',
        who: act.authority,
        amount: null,
        detail:
          act.type === 2 ? 'The owner of the token account.' : `Authority of type ${act.type}.`,
      });
      return;
    }
    case 'token_close':
      return;
  }
}

/** Puts what left the wallets of a successful transaction. */
export function hearWallets(perimeter: Perimeter, put: Put): void {
  const acts = perimeter.calls.flatMap((call): [Call, WalletCall][] => {
    const act = walletCall(call);
    return act === null ? [] : [[call, act]];
  });
  for (const [call, act] of acts) hearAct(perimeter, call, act, put);
  hearBalances(perimeter, acts, put);
}
