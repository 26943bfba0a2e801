// Hearing: the facts of one transaction, for the accounts that are watched. A fill may concern both of its sides; a
// withdrawal's destination is read from the instruction, and what left the agent's token account from its balance.
import { closeOf } from '../core/close.ts';
import type { Close, Fact, FactBody } from '../core/fact.ts';
import type { Address } from '../core/ids.ts';
import type { Heard } from '../core/outside.ts';
import type { Watched } from '../core/ports.ts';
import type { ChainTransaction, TokenBalance } from '../core/transaction.ts';
import type { DepositRecord, FillSideRecord, OrderActionRecord } from './events.ts';
import { startsWith } from './layout.ts';
import { type LoggedEvent, readLogs } from './logs.ts';
import { QUOTE_MARKET, WITHDRAW_ACCOUNTS, WITHDRAW_DISCRIMINATOR } from './profile.ts';

type Watch = ReadonlyMap<string, Watched>;

/** Index into the program's OrderActionExplanation. */
const CAUSES: Readonly<Record<number, Close['cause']>> = {
  5: 'liquidation',
  10: 'expiry',
  20: 'transfer',
};

function closesOf(
  record: OrderActionRecord,
  watched: Watch,
): { account: Address; subscriberId: string; body: Close }[] {
  const { baseFilled, quoteFilled, taker, maker } = record;
  if (
    record.action !== 'fill' ||
    record.marketType !== 'perp' ||
    baseFilled === null ||
    quoteFilled === null
  )
    return [];
  const sides: [FillSideRecord | null, 'taker' | 'maker', FillSideRecord | null][] = [
    [taker, 'taker', maker],
    [maker, 'maker', taker],
  ];
  return sides.flatMap(([own, side, other]) => {
    const watch = own === null ? undefined : watched.get(own.user);
    if (own === null || watch?.role !== 'drift_user') return [];
    const body = closeOf({
      market: record.market,
      side,
      direction: own.direction,
      cause: CAUSES[record.explanation] ?? 'trade',
      baseFilled,
      quoteFilled,
      fee: own.fee,
      existingEntry: own.existingEntry,
      existingBase: own.existingBase,
      fillRecordId: record.fillRecordId ?? 0n,
      oraclePrice: record.oraclePrice,
      counterparty: other?.user ?? null,
    });
    return body === null ? [] : [{ account: own.user, subscriberId: watch.subscriberId, body }];
  });
}

/** The token account a withdrawal paid into: the n-th withdraw instruction of that user under the same top-level one. */
function destinationOf(
  transaction: ChainTransaction,
  logged: LoggedEvent,
  user: Address,
  nth: number,
): Address | null {
  const top = transaction.instructions[logged.instruction];
  if (top === undefined) return null;
  const withdrawals = [top, ...top.inner].filter(
    (each) =>
      startsWith(each.data, WITHDRAW_DISCRIMINATOR) &&
      each.accounts[WITHDRAW_ACCOUNTS.user] === user,
  );
  return withdrawals[nth]?.accounts[WITHDRAW_ACCOUNTS.destination] ?? null;
}

function withdrawalOf(
  record: DepositRecord,
  destination: Address | null,
  watched: Watch,
  token: TokenBalance | undefined,
): FactBody {
  const target = destination === null ? undefined : watched.get(destination);
  return {
    kind: 'outflow',
    route: 'withdraw',
    amount: record.amount,
    mint: token?.mint ?? null,
    decimals: token?.decimals ?? null,
    destination,
    internal:
      target !== undefined && target.subscriberId === watched.get(record.user)?.subscriberId,
  };
}

/** The facts of a transaction. A failed one has none, whatever it logged. */
export function hear(
  transaction: ChainTransaction,
  watched: Watch,
  programId: Address,
  quoteMint: Address,
): Heard {
  if (transaction.error !== null) return { kind: 'facts', facts: [] };
  const logged = readLogs(transaction.logs, programId);
  if (logged === null) return { kind: 'opaque', why: 'the log was truncated' };
  const facts: Fact[] = [];
  const push = (subscriberId: string, account: Address, ordinal: number, body: FactBody): void => {
    const { slot, blockIndex } = transaction;
    facts.push({
      subscriberId,
      account,
      signature: transaction.signature,
      position: { slot, blockIndex, ordinal },
      body,
    });
  };
  // What the venue itself moved into and out of each subscriber's token account.
  const fromVenue = new Map<string, bigint>();
  const intoVenue = new Map<string, bigint>();
  const add = (sums: Map<string, bigint>, id: string, amount: bigint) =>
    sums.set(id, (sums.get(id) ?? 0n) + amount);
  const seen = new Map<string, number>();

  for (const [ordinal, each] of logged.entries()) {
    const { event } = each;
    if (event.event === 'OrderActionRecord') {
      const touches = [event.taker, event.maker].some(
        (side) => side !== null && watched.has(side.user),
      );
      if (touches && event.action === 'fill' && event.marketType === 'perp' && !event.hasExisting) {
        return {
          kind: 'opaque',
          why: 'a fill record of an older program carries no entry amounts',
        };
      }
      for (const close of closesOf(event, watched))
        push(close.subscriberId, close.account, ordinal, close.body);
    }
    if (event.event !== 'DepositRecord') continue;
    const watch = watched.get(event.user);
    if (watch?.role !== 'drift_user' || event.explanation === 'transfer') continue;
    if (event.direction === 'deposit') {
      if (event.market === QUOTE_MARKET && event.signer === null)
        add(intoVenue, watch.subscriberId, event.amount);
      continue;
    }
    if (event.amount === 0n) continue;
    const place = `${each.instruction}/${event.user}`;
    const nth = seen.get(place) ?? 0;
    seen.set(place, nth + 1);
    const destination = destinationOf(transaction, each, event.user, nth);
    const token = transaction.tokenBalances.find((balance) => balance.account === destination);
    const body = withdrawalOf(event, destination, watched, token);
    if (body.kind === 'outflow' && body.internal && event.market === QUOTE_MARKET)
      add(fromVenue, watch.subscriberId, event.amount);
    push(watch.subscriberId, event.user, ordinal, body);
  }

  for (const balance of transaction.tokenBalances) {
    const watch = watched.get(balance.account);
    if (watch?.role !== 'agent_token_account' || balance.mint !== quoteMint) continue;
    const received = fromVenue.get(watch.subscriberId) ?? 0n;
    const deposited = intoVenue.get(watch.subscriberId) ?? 0n;
    const left = balance.before + received - deposited - balance.after;
    if (left <= 0n) continue;
    push(watch.subscriberId, balance.account, logged.length, {
      kind: 'outflow',
      route: 'token_transfer',
      amount: left,
      mint: balance.mint,
      decimals: balance.decimals,
      destination: receiverOf(transaction, balance.account, quoteMint),
      internal: false,
    });
  }
  return { kind: 'facts', facts };
}

/** The token account that gained, when exactly one did. */
function receiverOf(transaction: ChainTransaction, source: Address, mint: Address): Address | null {
  const gained = transaction.tokenBalances.filter(
    (each) => each.account !== source && each.mint === mint && each.after > each.before,
  );
  return gained.length === 1 ? (gained[0]?.account ?? null) : null;
}
