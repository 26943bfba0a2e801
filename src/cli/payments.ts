// Payments: the commands that list payments, that cancel one, that restore payments which the
// database lost, and that accept a payment of more than was owed.

import { type Command, Option } from 'commander';
import { notCancelled } from '../core/cancellation.ts';
import type { Cover } from '../core/debt.ts';
import { Fault } from '../core/fault.ts';
import { isSignature, type Signature } from '../core/ids.ts';
import type { ListedPayment } from '../core/listed-payment.ts';
import { formatUnits } from '../core/money.ts';
import { PAYMENT_STATES, type PaymentState } from '../core/payment.ts';
import { isoTime } from '../core/time.ts';
import { amountText } from '../core/token.ts';
import type { Parts } from '../daemon-parts.ts';
import { createBooks } from '../flows/books-comparison.ts';
import { createEndings } from '../flows/ending.ts';
import { type Opened, reasoned, type Tools } from './command-tools.ts';
import { dated, type ListOptions, listed, periodIn, showList } from './lists.ts';
import type { Output } from './output.ts';
import { rebuild } from './rebuild.ts';

/** Payments whose shares are read in one query. */
const COVERS_AT_ONCE = 500;

type PaymentFilter = { subscriber?: string; creator?: string; state?: PaymentState };

function listPayments(
  { ledger, statements }: Parts,
  output: Output,
  given: PaymentFilter & ListOptions,
) {
  let covers: ReadonlyMap<string, readonly Cover[]> = new Map();
  const coversOf = (id: string): readonly Cover[] => covers.get(id) ?? [];
  const time = (ms: number | null): string => (ms === null ? '' : isoTime(ms));
  return showList(ledger, output, given, {
    list: 'payments',
    filter: {
      subscriberId: given.subscriber,
      creatorWallet: given.creator,
      state: given.state,
      ...periodIn(given),
    },
    turn: 'before',
    head: ['PAYMENT', 'PLANNED', 'SUBSCRIBER', 'AMOUNT', 'SHARES', 'STATE', 'SIGNATURE'],
    async prepare(rows) {
      const found = new Map<string, readonly Cover[]>();
      for (let from = 0; from < rows.length; from += COVERS_AT_ONCE) {
        const ids = rows.slice(from, from + COVERS_AT_ONCE).map((each) => each.id);
        for (const [id, each] of await statements.payments(ids)) found.set(id, each);
      }
      covers = found;
    },
    cells: (each) => [
      each.id,
      isoTime(each.plannedAtMs).slice(0, 19),
      each.subscriberId,
      amountText(each.amount, each.token),
      String(coversOf(each.id).length),
      each.state,
      each.signature ?? each.trouble?.code ?? '',
    ],
    document: (each) => ({ ...each, shares: coversOf(each.id) }),
    csv: [
      ['payment', ({ id }) => id],
      ['planned_at', ({ plannedAtMs }) => time(plannedAtMs)],
      ['ended_at', ({ endedAtMs }) => time(endedAtMs)],
      ['purpose', ({ purpose }) => purpose],
      ['subscriber', ({ subscriberId }) => subscriberId],
      ['creator_wallet', ({ creatorWallet }) => creatorWallet],
      ['token', ({ token }) => token.symbol],
      ['amount', ({ amount, token }) => formatUnits(amount, token.decimals)],
      [
        'recipients',
        ({ recipients, token }) =>
          recipients
            .map(({ wallet, amount }) => `${wallet}=${formatUnits(amount, token.decimals)}`)
            .join(' '),
      ],
      ['withdrawn', ({ withdrawn, token }) => formatUnits(withdrawn, token.decimals)],
      ['fee_payer', ({ feePayer }) => feePayer],
      ['tip_lamports', ({ tip }) => String(tip?.lamports ?? '')],
      ['state', ({ state }) => state],
      ['slot', ({ slot }) => (slot === null ? '' : String(slot))],
      ['signature', ({ signature }) => signature ?? ''],
      ['trouble', ({ trouble }) => trouble?.code ?? ''],
      [
        'shares',
        ({ id, token }) =>
          coversOf(id)
            .map(({ shareId, amount }) => `${shareId}=${formatUnits(amount, token.decimals)}`)
            .join(' '),
      ],
    ],
  });
}

/** The recipients of the part of a payment that no debt explains. */
const unexplainedOf = ({ recipients }: ListedPayment): string =>
  recipients.flatMap(({ wallet, excess }) => (excess > 0n ? [wallet] : [])).join(' and ');

/**
 * Accepts the excess of a payment, and tells how many of the subscriber still wait. Returns exit
 * code 1 when the ledger holds no such payment.
 */
async function acceptExcess(
  { parts }: Opened,
  { output, byWhom }: Pick<Tools, 'output' | 'byWhom'>,
  signature: string,
  reason: string,
): Promise<number> {
  const { payments } = parts.ledger;
  const found = isSignature(signature)
    ? await payments.accept(signature as Signature, { reason, ...byWhom() })
    : null;
  const open = await payments.unexplained(OPEN_MOST);
  const lines = open.map(
    (each) =>
      `  ${each.signature}  ${formatUnits(each.excess, each.token.decimals)} of ${amountText(each.amount, each.token)} to ${unexplainedOf(each)}, of ${each.subscriberId}`,
  );
  output().result({ signature, accepted: found !== null, excess: found?.excess ?? 0n, open }, [
    found === null
      ? `The ledger holds no payment ${signature} with a part that no debt explains. bailiff payments rebuild looks for one on chain.`
      : `${amountText(found.excess, found.token)} of ${signature} stay with ${unexplainedOf(found)} and pay no debt. Daemons pay ${found.subscriberId} again once nothing else waits.`,
    ...(lines.length === 0 ? [] : ['Payments that wait for an explanation:', ...lines]),
  ]);
  return found === null ? 1 : 0;
}

const WAIT_MS = 1_000;

/**
 * Cancels a payment, and with `wait` tells how it ended. Returns exit code 1 when it cannot be
 * cancelled, or has landed all the same.
 */
async function cancel(
  opened: Opened,
  tools: Pick<Tools, 'output' | 'clock' | 'byWhom'>,
  id: string,
  reason: string,
  wait: boolean,
): Promise<number> {
  const { payments } = opened.parts.ledger;
  const endings = createEndings({
    ...opened.parts,
    books: createBooks({ ...opened.parts, log: opened.log }),
    clock: tools.clock,
    log: opened.log,
  });
  const outcome = await endings.cancel(id, { reason, ...tools.byWhom() });
  const never = new AbortController().signal;
  const read = async () => {
    const found = await payments.find(id);
    if (found === null) throw new Fault('not_found', `There is no payment ${id}.`);
    return found;
  };
  let found = await read();
  while (wait && outcome === 'asked' && (found.state === 'signed' || found.state === 'sent')) {
    await tools.clock.sleep(WAIT_MS, never);
    found = await read();
  }
  const { state, signature } = found;
  const isCancelled = outcome === 'ended' || (outcome === 'asked' && state !== 'landed');
  const sentence = (): string => {
    if (outcome === 'blockhash' || outcome === 'over') return notCancelled(found);
    if (outcome === 'ended') return `${id} is ended: nothing of it was signed.`;
    if (state === 'landed') return `${id} had landed before it could be cancelled: ${signature}.`;
    return state === 'signed' || state === 'sent'
      ? `${id} is being cancelled: a daemon moves its nonce. With --wait this command tells how it ended.`
      : `${id} is ${state}, and can never land.`;
  };
  tools
    .output()
    .result({ payment: id, outcome, state }, [
      sentence(),
      ...(isCancelled
        ? ['Its debts wait for a person then: bailiff shares retry SHARE, or shares void SHARE.']
        : []),
    ]);
  return isCancelled ? 0 : 1;
}

/** The most waiting payments that the answer lists. */
const OPEN_MOST = 100;

/** Adds the commands under `payments`. */
export function addPayments(program: Command, tools: Tools): void {
  const payments = program.command('payments').description('payments to creators');
  dated(
    listed(
      payments.command('list', { isDefault: true }).description('payments, the newest first'),
      'before',
    ),
  )
    .option('--subscriber <id>')
    .option('--creator <wallet>')
    .addOption(new Option('--state <state>').choices(PAYMENT_STATES))
    .action((given: PaymentFilter & ListOptions) =>
      tools.look(({ parts }) => listPayments(parts, tools.output(), given)),
    );
  payments
    .command('rebuild')
    .description('after payments were lost: find them on chain and restore them')
    .option('--dry-run', 'print the payments that would be restored, and write nothing')
    .addHelpText(
      'after',
      '\nEvery payment carries its id on chain. A daemon whose books lack one of them refuses to pay that\nsubscriber until this has run. It may run beside daemons, and again.',
    )
    .action(({ dryRun = false }: { dryRun?: boolean }) =>
      tools.act('payments rebuild', { dryRun }, ({ parts, log }) =>
        rebuild(parts, { clock: tools.clock, log, output: tools.output(), dryRun }),
      ),
    );
  reasoned(
    payments
      .command('cancel <payment>')
      .description('end a payment for good: one that is not signed, or one under a nonce')
      .option('--wait', 'wait until it has ended, and tell how'),
  ).action((id: string, { reason, wait = false }: { reason: string; wait?: boolean }) =>
    tools.act('payments cancel', { payment: id, reason }, (opened) =>
      cancel(opened, tools, id, reason, wait),
    ),
  );
  reasoned(
    payments
      .command('accept <signature>')
      .description(
        'let a payment stand that no debt explains in full; its subscriber is paid again',
      ),
  ).action((signature: string, { reason }: { reason: string }) =>
    tools.act('payments accept', { signature, reason }, (opened) =>
      acceptExcess(opened, tools, signature, reason),
    ),
  );
}
