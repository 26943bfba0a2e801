// Drift: the program of either venue on the simulated chain: fills, settling, withdrawals and
// deposits, on accounts of the venue's real layout, with the real records in the log. Margin is a
// plain rule: a withdrawal must leave enough for the open losses.

import { least } from '../../../src/core/money.ts';
import { encodeEvent } from '../../../src/local/drift/layout.ts';
import { NO_ACTION } from '../../../src/local/drift/order-record.ts';
import {
  type Account,
  base58Of,
  type Frame,
  type Program,
  ProgramFailure,
  TOKEN,
} from './account.ts';
import type { SimInstruction } from './message.ts';
import { custom, moveTokens } from './programs.ts';
import { POSITIONS, SCALE, type SimVenue, WITHDRAW_PAUSED } from './venues.ts';

/** Discriminators of the instructions that this program knows. */
export const CALL = {
  fill: 'd53301bb6cdce6e0',
  deposit: 'f223c68952e1f2b6',
  withdraw: 'b712469c946da122',
  settle: '2b3dea2d0f5f9899',
  settleMultiple: '7f4275392832987f',
} as const;
const ERROR = { nothingToSettle: 6010, insufficientCollateral: 6003, paused: 6024 };

/** A User while an instruction runs. */
function open({ program, bytes, user }: SimVenue, frame: Frame, address: string) {
  const found = frame.get(address);
  if (found === null || found.owner !== program || found.data.length !== bytes.user)
    throw custom(3012);
  const data = Buffer.from(found.data);
  const slotOf = (market: number): number => 424 + market * user.stride;
  const field = (at: number) => ({
    get: () => data.readBigInt64LE(at),
    add: (change: bigint) => void data.writeBigInt64LE(data.readBigInt64LE(at) + change, at),
  });
  const scaled = field(104);
  return {
    authority: base58Of(data, 8),
    deposit: () => scaled.get() / SCALE,
    addDeposit: (change: bigint) => scaled.add(change * SCALE),
    base: (market: number) => field(slotOf(market) + 8),
    quote: (market: number) => field(slotOf(market) + 16),
    entry: (market: number) => field(slotOf(market) + 32),
    deposits: field(user.deposits),
    withdraws: field(user.deposits + 8),
    settled: field(user.settled),
    /** The most that open losses may still cost, in quote base units. */
    owing(): bigint {
      let sum = 0n;
      for (let market = 0; market < POSITIONS; market++) {
        const held = data.readBigInt64LE(slotOf(market) + 8) !== 0n;
        const pnl =
          data.readBigInt64LE(slotOf(market) + 16) -
          (held ? data.readBigInt64LE(slotOf(market) + 32) : 0n);
        if (pnl < 0n) sum -= pnl;
      }
      return sum;
    },
    save: () => frame.set(address, { ...found, data: new Uint8Array(data) }),
  };
}

/** The collateral of a User, read from its account. */
export function depositOf(found: Account | null): bigint {
  return found === null ? 0n : Buffer.from(found.data).readBigUInt64LE(104) / SCALE;
}

const paused = ({ exchangeStatus }: SimVenue, frame: Frame, state: string): boolean =>
  ((frame.get(state)?.data[exchangeStatus] ?? 0) & WITHDRAW_PAUSED) !== 0;
const emit = (frame: Frame, how: 'log' | 'data', event: string, value: object): void =>
  frame.log(`Program ${how}: ${Buffer.from(encodeEvent(event, value)).toString('base64')}`);

function moved(
  frame: Frame,
  user: string,
  own: ReturnType<typeof open>,
  direction: 'deposit' | 'withdraw',
  amount: bigint,
): void {
  emit(frame, 'data', 'DepositRecord', {
    ts: frame.unixTime,
    userAuthority: own.authority,
    user,
    direction,
    depositRecordId: 0n,
    amount,
    marketIndex: 0,
    oraclePrice: 1_000_000n,
    marketDepositBalance: 0n,
    marketWithdrawBalance: 0n,
    marketCumulativeDepositInterest: 10_000_000_000n,
    marketCumulativeBorrowInterest: 10_000_000_000n,
    totalDepositsAfter: own.deposits.get(),
    totalWithdrawsAfter: own.withdraws.get(),
    explanation: 'none',
    transferUser: null,
    signer: null,
    userTokenAmountAfter: own.deposit(),
  });
}
function transferCall(
  frame: Frame,
  from: string,
  to: string,
  authority: string,
  amount: bigint,
): void {
  const data = Buffer.alloc(9, 3);
  data.writeBigUInt64LE(amount, 1);
  moveTokens(frame, from, to, amount);
  frame.called({ program: TOKEN, accounts: [from, to, authority], data: new Uint8Array(data) });
}

function withdraw(venue: SimVenue, { accounts, data }: SimInstruction, frame: Frame): void {
  const [state = '', user = '', , authority = '', vault = '', signer = '', into = ''] = accounts;
  const own = open(venue, frame, user);
  if (own.authority !== authority) throw custom(2001);
  if (!frame.signed(authority)) throw custom(3010);
  if (paused(venue, frame, state)) throw custom(ERROR.paused);
  const wanted = Buffer.from(data).readBigUInt64LE(10);
  const amount = least(wanted, own.deposit());
  if (own.deposit() - amount < own.owing()) throw custom(ERROR.insufficientCollateral);
  own.addDeposit(-amount);
  own.withdraws.add(amount);
  moved(frame, user, own, 'withdraw', amount);
  own.save();
  transferCall(frame, vault, into, signer, amount);
}

function deposit(venue: SimVenue, { accounts, data }: SimInstruction, frame: Frame): void {
  const [, user = '', , authority = '', vault = '', from = ''] = accounts;
  const own = open(venue, frame, user);
  if (!frame.signed(authority)) throw custom(3010);
  const amount = Buffer.from(data).readBigUInt64LE(10);
  own.addDeposit(amount);
  own.deposits.add(amount);
  moved(frame, user, own, 'deposit', amount);
  own.save();
  transferCall(frame, from, vault, authority, amount);
}

/** Settles what is realised; must: with nothing to settle it fails, as settle_pnl does. */
function settle(
  venue: SimVenue,
  frame: Frame,
  user: string,
  markets: readonly number[],
  must: boolean,
): void {
  const own = open(venue, frame, user);
  for (const market of markets) {
    const pnl = own.quote(market).get() - own.entry(market).get();
    if (pnl === 0n) {
      if (must) throw custom(ERROR.nothingToSettle);
      continue;
    }
    const amount = pnl < 0n && -pnl > own.deposit() ? -own.deposit() : pnl;
    own.addDeposit(amount);
    own.quote(market).add(-amount);
    own.settled.add(amount);
    emit(frame, 'data', 'SettlePnlRecord', {
      ts: frame.unixTime,
      user,
      marketIndex: market,
      pnl: amount,
      baseAssetAmount: own.base(market).get(),
      quoteAssetAmountAfter: own.quote(market).get(),
      quoteEntryAmount: own.entry(market).get(),
      settlePrice: 1_000_000n,
      explanation: 'none',
    });
  }
  own.save();
}

/**
 * The fields of a fill here: market, base, entry, net profit of a close; an opening has no entry.
 */
export type Fill = {
  readonly market: number;
  readonly base: bigint;
  /** Null when the fill opens. */
  readonly netPnl: bigint | null;
};
export const FEE = 1_000n;
const QUOTE_A_FILL = 100_000_000n;
export function fillData({ market, base, netPnl }: Fill): Uint8Array {
  const data = Buffer.alloc(27);
  data.set(Buffer.from(CALL.fill, 'hex'));
  data.writeUInt16LE(market, 8);
  data.writeBigInt64LE(base, 10);
  data.writeUInt8(netPnl === null ? 0 : 1, 18);
  data.writeBigInt64LE(netPnl ?? 0n, 19);
  return new Uint8Array(data);
}

/** The number of a market's next fill, kept in the market, so that a fork takes it back. */
const NEXT_FILL_AT = 1_008;
function nextFill(frame: Frame, market: string): bigint {
  const found = frame.get(market);
  if (found === null) throw custom(3012);
  const data = Buffer.from(found.data);
  const next = data.readBigUInt64LE(NEXT_FILL_AT) + 1n;
  data.writeBigUInt64LE(next, NEXT_FILL_AT);
  frame.set(market, { ...found, data: new Uint8Array(data) });
  return next;
}

function fill(venue: SimVenue, { accounts, data }: SimInstruction, frame: Frame): void {
  const [, user = '', marketAccount = ''] = accounts;
  const own = open(venue, frame, user);
  const view = Buffer.from(data);
  const market = view.readUInt16LE(8);
  const base = view.readBigInt64LE(10);
  const closes = view.readUInt8(18) === 1;
  const netPnl = view.readBigInt64LE(19);
  if (closes && own.base(market).get() < base) throw new ProgramFailure({ Custom: 6113 });
  const quote = closes ? QUOTE_A_FILL + netPnl + FEE : QUOTE_A_FILL;
  if (closes) {
    own.base(market).add(-base);
    own.entry(market).add(QUOTE_A_FILL);
    own.quote(market).add(quote - FEE);
  } else {
    own.base(market).add(base);
    own.entry(market).add(-QUOTE_A_FILL);
    own.quote(market).add(-QUOTE_A_FILL);
  }
  own.save();
  emit(frame, 'log', 'OrderActionRecord', {
    ...NO_ACTION,
    ts: frame.unixTime,
    action: 'fill',
    actionExplanation: 'orderFilledWithAMM',
    marketIndex: market,
    marketType: 'perp',
    fillRecordId: nextFill(frame, marketAccount),
    baseAssetAmountFilled: base,
    quoteAssetAmountFilled: quote,
    takerFee: closes ? FEE : 0n,
    quoteAssetAmountSurplus: 0n,
    taker: user,
    takerOrderId: 1,
    takerOrderDirection: closes ? 'short' : 'long',
    takerOrderBaseAssetAmount: base,
    takerOrderCumulativeBaseAssetAmountFilled: base,
    takerOrderCumulativeQuoteAssetAmountFilled: quote,
    takerExistingQuoteEntryAmount: closes ? QUOTE_A_FILL : null,
    takerExistingBaseAssetAmount: null,
    oraclePrice: (quote * 1_000_000_000n) / base,
  });
}

/** The program of a venue. */
export const programOf =
  (venue: SimVenue): Program =>
  (instruction, frame) => {
    const { data, accounts } = instruction;
    const view = Buffer.from(data);
    switch (view.toString('hex', 0, 8)) {
      case CALL.fill:
        return fill(venue, instruction, frame);
      case CALL.deposit:
        return deposit(venue, instruction, frame);
      case CALL.withdraw:
        return withdraw(venue, instruction, frame);
      case CALL.settle:
        return settle(venue, frame, accounts[1] ?? '', [view.readUInt16LE(8)], true);
      case CALL.settleMultiple: {
        const markets = Array.from({ length: view.readUInt32LE(8) }, (_, index) =>
          view.readUInt16LE(12 + index * 2),
        );
        return settle(venue, frame, accounts[1] ?? '', markets, false);
      }
      default:
        throw custom(101);
    }
  };
