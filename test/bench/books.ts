// Books: writes a ledger in bulk, with a given number of subscribers, each with the same number of
// closes, debts and payments.
import type { Sql, Transaction } from '../../src/ledger/database.ts';

export const CLOSES_EACH = 25;
export const CREATORS = 200;
/** Subscribers that one transaction adds: each holds locks until it ends. */
const AT_ONCE = 1_000;
/** Every twentieth subscriber has an open debt. */
const OWES = 'n % 20 = 0';
/** The state of each account that its facts were last compared with. */
const BASELINE = {
  slot: 1_000_000_000,
  pulse: '00',
  counters: { realised: '0', funding: '0', deposits: '0', withdraws: '0', tokens: '0' },
  hints: { exists: true, delegate: '', quoteFlow: '0', isolated: '0' },
  positions: [],
};

const id = (letter: string): string => `'${letter}' || n || repeat('x', 36)`;
const creator = `'c' || n % ${CREATORS} || repeat('y', 36)`;

/**
 * Adds the subscribers from one number up to another, each with a sub-account and terms, whose
 * debts lapse after so many milliseconds; null: never.
 */
export async function addSubscribers(
  sql: Sql,
  from: number,
  upTo: number,
  expiresAfterMs: number | null = null,
): Promise<void> {
  const everybody = `generate_series(${from}, ${upTo}) n`;
  await sql.unsafe(`
    insert into subscriber (subscriber_id, agent_wallet, agent_token_account) select 's' || n, ${id('w')}, ${id('t')} from ${everybody};
    insert into account (address, subscriber_id, role, sub_account_id, cursor_slot)
      select ${id('d')}, 's' || n, 'drift_user', 0, 1 from ${everybody}
      union all select ${id('w')}, 's' || n, 'agent_wallet', null, 1 from ${everybody}
      union all select ${id('t')}, 's' || n, 'agent_token_account', null, 1 from ${everybody};
    insert into subscription (subscriber_id, subscription_id, drift_account) select 's' || n, 'sub' || n, ${id('d')} from ${everybody};
    insert into subscription_terms (subscriber_id, subscription_id, from_slot, creator_wallet, share_bps, mark_slot, expires_after_ms)
      select 's' || n, 'sub' || n, 1, ${creator}, 1000, 1, ${expiresAfterMs} from ${everybody};
    insert into account_check (address, subscriber_id, baseline, checked_at)
      select ${id('d')}, 's' || n, '${JSON.stringify(BASELINE)}'::jsonb, now() from ${everybody}
      union all select ${id('t')}, 's' || n, '${JSON.stringify(BASELINE)}'::jsonb, now() from ${everybody};
    insert into standing (subscriber_id, standing, outstanding, revision)
      select 's' || n, 'good', case when ${OWES} then 1000000 else 0 end, last + n - ${from - 1} from ${everybody}, revision;
    insert into standing_change (revision, subscriber_id, standing, outstanding)
      select last + n - ${from - 1}, 's' || n, 'good', 0 from ${everybody}, revision;
    update revision set last = last + ${upTo - from + 1};`);
}

/** Adds so many closes of each of these subscribers, with their debts and payments. */
export async function addCloses(
  sql: Sql | Transaction,
  from: number,
  upTo: number,
  each = CLOSES_EACH,
): Promise<void> {
  const closes = `generate_series(${from}, ${upTo}) n, generate_series(1, ${each}) c`;
  const signature = (letter: string) => `'${letter}' || n || '_' || c || repeat('z', 60)`;
  const unpaid = `(c = ${each} and ${OWES})`;
  await sql.unsafe(`
    insert into sighting (signature, status, slot, source, first_seen_at, due_at, read_at)
      select ${signature('x')}, 'finalized', 100 + c * 10, 'webhook', now(), now(), now() from ${closes};
    insert into fact (subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body)
      select 's' || n, ${id('d')}, ${signature('x')}, 100 + c * 10, k * 10, n % 1000, (array['open', 'close', 'tally'])[k], 'finalized',
        (array['{"market":0,"position":"long","base":"1000000000","quote":"1000000","fee":"0","fillRecordId":"1"}',
          '{"market":0,"side":"taker","position":"long","cause":"trade","baseFilled":"1000000000","baseClosed":"1000000000","proceeds":"11000000","entry":"1000000","grossPnl":"10000000","fee":"0","netPnl":"10000000","fillRecordId":"1","oraclePrice":"1000000","counterparty":null}',
          '{"realised":"10000000","funding":"0","deposits":"0","withdraws":"0","tokens":"0"}'])[k]::jsonb
          || case when k < 3 then jsonb_build_object('fillRecordId', c::text) else '{}'::jsonb end
      from ${closes}, generate_series(1, 3) k;
    insert into accrual (subscriber_id, subscription_id, account, signature, slot, ordinal, terms_slot, net_pnl, share_bps, charged, amount,
        carry_before, carry_after, market, flat)
      select 's' || n, 'sub' || n, ${id('d')}, ${signature('x')}, 100 + c * 10, 20, 1, 10000000, 1000, 10000000, 1000000, 0, 0, 0, true from ${closes};
    truncate unbooked;
    insert into profit_share (share_id, subscriber_id, subscription_id, signature, slot, ordinal, terms_slot, creator_wallet, amount, paid, status)
      select 'ps_' || n || '_' || c, 's' || n, 'sub' || n, ${signature('x')}, 100 + c * 10, 20, 1, ${creator}, 1000000,
        case when ${unpaid} then 0 else 1000000 end, case when ${unpaid} then 'pending' else 'paid' end from ${closes};
    insert into payment (payment_id, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id, amount, withdraw,
        settle_markets, fee_payer, create_agent_account, state, signature, bytes, last_valid_block_height, blockhash_slot, sent_at,
        executed_slot, ended_at, planned_at)
      select 'p' || n || '_' || c, 's' || n, 'sub' || n, ${creator}, ${id('d')}, 0, 1000000, 1000000, '[0]', 'sponsor', false, 'landed',
        ${signature('y')}, decode(repeat('ab', 900), 'hex'), 1, 1, now(), 105 + c * 10, now() - interval '2 hours',
        now() - interval '1 day' - c * interval '1 hour' from ${closes} where not ${unpaid};
    insert into payment_recipient (subscriber_id, payment_id, creator_wallet, nth, amount, create_account)
      select 's' || n, 'p' || n || '_' || c, ${creator}, 0, 1000000, false from ${closes} where not ${unpaid};
    insert into payment_share (subscriber_id, payment_id, share_id, amount)
      select 's' || n, 'p' || n || '_' || c, 'ps_' || n || '_' || c, 1000000 from ${closes} where not ${unpaid};`);
}

/** Adds the subscribers from one number up to another with their closes, and has all analysed. */
export async function fillBooks(
  sql: Sql,
  from: number,
  upTo: number,
  closesEach = CLOSES_EACH,
): Promise<void> {
  for (let first = from; first <= upTo; first += AT_ONCE) {
    const last = Math.min(upTo, first + AT_ONCE - 1);
    await addSubscribers(sql, first, last);
    await addCloses(sql, first, last, closesEach);
  }
  await sql.unsafe('vacuum analyze');
}
