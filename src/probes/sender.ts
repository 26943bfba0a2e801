// Sender: checks the sender endpoint of the settings: what its tips are, how many of its answers
// this month took a payment, and that the accounts of its tips exist. The check sends no
// transaction.
import type { Connection } from '@solana/web3.js';
import { readOwned } from '../chain/probe.ts';
import { SENDER_METHODS, SENDER_SOURCE } from '../chain/sender.ts';
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import type { Address } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';
import { TOKEN_PROGRAMS } from '../core/programs.ts';
import { monthAt } from '../core/rpc-budget.ts';
import type { RpcUsage } from '../core/rpc-usage-ports.ts';
import type { Sql } from '../ledger/database.ts';
import { createRpcUsageBook } from '../ledger/rpc-usage.ts';
import type { Settings } from '../system/settings.ts';

/** Above this part of refused sends, in percent, a person should know. */
const REFUSED_PERCENT_MOST = 20;

/** The finding on the answers of the sender at this host; none before the first. */
export function ofAnswers(host: string, usage: readonly RpcUsage[]): Finding[] {
  const callsOf = (method: string): number =>
    usage
      .filter((each) => each.source === SENDER_SOURCE && each.node === host)
      .reduce((sum, each) => sum + (each.method === method ? each.calls : 0), 0);
  const refused = callsOf(SENDER_METHODS.refused);
  const all = callsOf(SENDER_METHODS.taken) + refused;
  if (all === 0) return [];
  const percent = Math.round((100 * refused) / all);
  const says = `${host}: of ${all} sends this month it did not take ${refused} (${percent} %)`;
  return [
    percent > REFUSED_PERCENT_MOST
      ? odd(
          'sender',
          says,
          'Check its key, its rate limit, and payments.sender against its documentation.',
        )
      : fine('sender', says),
  ];
}

/** The findings on how the sender answered this month. */
export async function ofSenderCalls(
  { rpc }: Pick<Settings, 'rpc'>,
  sql: Sql,
  clock: Pick<Clock, 'nowMs'>,
): Promise<Finding[]> {
  if (rpc.senderUrl === null) return [];
  const { begins } = monthAt(clock.nowMs(), rpc.budget.monthBeginsOn);
  const host = URL.parse(rpc.senderUrl)?.host ?? 'unknown';
  return ofAnswers(host, await createRpcUsageBook(sql).read(begins));
}

/** The findings on the tips of the settings and their accounts on chain. */
export async function ofTips(
  connection: Connection,
  { rpc, payments: { sender } }: Pick<Settings, 'rpc' | 'payments'>,
): Promise<Finding[]> {
  if (rpc.senderUrl === null || sender === null) return [];
  const host = URL.parse(rpc.senderUrl)?.host ?? 'unknown';
  const accounts = sender.accounts as Address[];
  const found = await readOwned(connection, accounts);
  const faults = accounts.flatMap((account, at) => {
    const seen = found[at] ?? null;
    if (seen === null) return [`${account} does not exist: a payment that tips it would fail`];
    return seen.executable || TOKEN_PROGRAMS.has(seen.owner)
      ? [`${account} is a program or a token account, and no sender publishes such a one`]
      : [];
  });
  return [
    fine(
      'sender',
      `${host}: a tip of ${sender.tip} lamports (it takes ${sender.tipLeast}, the pen signs ${sender.tipMost}), accounts: ${accounts.length}`,
    ),
    ...faults.map((fault) =>
      wrong('sender', fault, 'Give payments.sender.accounts as the sender publishes them.'),
    ),
  ];
}
