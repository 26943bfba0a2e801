// Share rows: turns a row of a profit share into a `ProfitShare`, with its close, its payments and
// its credits.
import type { Brought } from '../core/brought.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { ProfitShare } from '../core/profit-share.ts';
import type { Trouble } from '../core/trouble.ts';
import type { Voided } from '../core/voiding.ts';
import { tokenIn } from './tokens.ts';

export type ShareRow = {
  share_id: string;
  subscriber_id: string;
  subscription_id: string;
  creator_wallet: Address;
  mint: Address;
  symbol: string;
  decimals: number;
  signature: Signature | null;
  slot: bigint;
  net_pnl: bigint | null;
  share_bps: number | null;
  recipient: number;
  label: string | null;
  brought: BroughtRow | null;
  amount: bigint;
  paid: bigint;
  status: ProfitShare['status'];
  reason: Trouble | null;
  attempts: number;
  retry_at: Date | null;
  paid_by: Signature[];
  observed: boolean;
  voided: VoidedRow | null;
  credited: bigint;
  credited_by: Signature[];
};

/** The column `brought`; amounts are decimal text. */
export type BroughtRow = {
  id: string;
  origin: string | null;
  netPnl: string | null;
  shareBps: number | null;
};
const broughtOf = ({ netPnl, ...row }: BroughtRow): Brought => ({
  ...row,
  netPnl: netPnl === null ? null : BigInt(netPnl),
});

/** The column `voided`. Rows of earlier releases name no actor. `at` is ISO 8601 in UTC. */
export type VoidedRow = {
  by: Voided['by'];
  reason: string;
  at: string;
  actor?: string;
  person?: string | null;
  afterMs?: number;
};

/** Reads the column `voided`: who ended a debt unpaid, when and why. */
export const voidedOf = (row: VoidedRow): Voided => {
  const { by, reason, at: when, actor = by, person = null, afterMs } = row;
  const voided = { by, reason, actor, person, atMs: Date.parse(when) };
  return afterMs === undefined ? voided : { ...voided, afterMs };
};
/** The column `voided` for a debt that was ended unpaid. */
export const voidedRow = ({ atMs, ...voided }: Voided): VoidedRow => ({
  ...voided,
  at: new Date(atMs).toISOString(),
});

/** The profit share of a row. */
export const shareOf = (row: ShareRow): ProfitShare => ({
  token: tokenIn(row),
  id: row.share_id,
  subscriberId: row.subscriber_id,
  subscriptionId: row.subscription_id,
  creatorWallet: row.creator_wallet,
  signature: row.signature,
  slot: Number(row.slot),
  netPnl: row.brought === null ? row.net_pnl : broughtOf(row.brought).netPnl,
  shareBps: row.brought === null ? row.share_bps : row.brought.shareBps,
  recipient: row.recipient,
  label: row.label,
  brought: row.brought === null ? null : broughtOf(row.brought),
  amount: row.amount,
  paid: row.paid,
  status: row.status,
  // The reason why a debt waited does not apply to a debt that was ended.
  reason: row.status === 'voided' ? null : row.reason,
  attempts: row.attempts,
  retryAtMs: row.retry_at?.getTime() ?? null,
  paidBy: row.paid_by,
  credited: row.credited,
  creditedBy: row.credited_by,
  observed: row.observed,
  voided: row.voided === null ? null : voidedOf(row.voided),
});
