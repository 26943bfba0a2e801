// Debts: the commands that show what is owed and paid, and the acts of an operator. They work on the ledger; running daemons see
// what they did with their next look.
import type { Command } from 'commander';
import { explain } from '../core/explain.ts';
import { Fault } from '../core/fault.ts';
import { formatUnits } from '../core/money.ts';
import type { Clock } from '../core/ports.ts';
import { isoTime } from '../core/time.ts';
import type { Parts } from '../parts.ts';
import { type Output, table } from './output.ts';
import { rebuild } from './rebuild.ts';
import { reasoned, type Tools } from './tools.ts';

const LIST_MOST = 200;

async function listShares(
  { ledger }: Parts,
  output: Output,
  given: { subscriber?: string; status?: string },
): Promise<number> {
  const shares = await ledger.shares.list({
    limit: LIST_MOST,
    ...(given.subscriber === undefined ? {} : { subscriberId: given.subscriber }),
    ...(given.status === undefined ? {} : { status: given.status as 'pending' }),
  });
  output.result(
    { shares },
    table([
      ['SHARE', 'SUBSCRIBER', 'OWED', 'PAID', 'STATUS', 'WHY'],
      ...shares.map((each) => [
        each.id,
        each.subscriberId,
        formatUnits(each.amount),
        formatUnits(each.paid),
        each.status,
        each.observed ? 'observed' : (each.reason?.code ?? ''),
      ]),
    ]),
  );
  return 0;
}

async function listPayments(
  { ledger }: Parts,
  output: Output,
  given: { subscriber?: string },
): Promise<number> {
  const payments = await ledger.payments.list({
    limit: LIST_MOST,
    ...(given.subscriber === undefined ? {} : { subscriberId: given.subscriber }),
  });
  output.result(
    { payments },
    table([
      ['PAYMENT', 'SUBSCRIBER', 'AMOUNT', 'STATE', 'SIGNATURE'],
      ...payments.map((each) => [
        each.id,
        each.subscriberId,
        formatUnits(each.amount),
        each.state,
        each.signature ?? each.trouble?.code ?? '',
      ]),
    ]),
  );
  return 0;
}

async function explainShare({ ledger }: Parts, output: Output, id: string): Promise<number> {
  const accrual = await ledger.shares.accrual(id);
  if (accrual === null) {
    output.result({ share: id, found: false }, [`There is no profit share ${id}.`]);
    return 1;
  }
  const { sentence, steps } = explain(accrual);
  output.result({ share: id, sentence, steps }, [
    sentence,
    ...table(steps.map((each) => [`  ${each.name}`, each.value, each.formula])),
  ]);
  return 0;
}

/** Exit code 1 when the debt is not one that waits. */
async function voidShare(
  { ledger }: Parts,
  output: Output,
  clock: Clock,
  id: string,
  reason: string,
): Promise<number> {
  const done = await ledger.shares.void(id, reason, clock.nowMs());
  const status = (await ledger.shares.find(id))?.status ?? 'unknown here';
  output.result({ share: id, voided: done, status }, [
    done
      ? `${id} is voided: ${reason}`
      : `${id} is ${status}; only a debt that waits can be voided.`,
  ]);
  return done ? 0 : 1;
}

async function retryShare({ ledger }: Parts, output: Output, id: string): Promise<number> {
  const done = await ledger.shares.retry(id);
  output.result({ share: id, due: done }, [
    done ? `${id} is due now.` : `${id} is not a debt that waits.`,
  ]);
  return done ? 0 : 1;
}

async function halt(
  { ledger }: Parts,
  output: Output,
  scope: string,
  reason: string,
): Promise<number> {
  if (!/^(all|creator:.+|subscriber:.+)$/.test(scope))
    throw new Fault('body_invalid', 'A scope is all, creator:WALLET or subscriber:ID.');
  const halted = await ledger.halts.set(scope, reason);
  output.result({ scope, reason, halted }, [
    halted
      ? `Nothing new is signed for ${scope}. What is signed already is seen to its end.`
      : `There is no ${scope.replace(':', ' ')}: nothing is halted.`,
  ]);
  return halted ? 0 : 1;
}

async function listHalts({ ledger }: Parts, output: Output): Promise<number> {
  const halts = await ledger.halts.list();
  output.result({ halts }, [
    ...table([
      ['SCOPE', 'SINCE', 'REASON'],
      ...halts.map((each) => [each.scope, isoTime(each.sinceMs), each.reason]),
    ]),
    ...(halts.length === 0 ? ['Nothing is halted.'] : []),
  ]);
  return 0;
}

async function resume({ ledger }: Parts, output: Output, scope: string): Promise<number> {
  const lifted = await ledger.halts.lift(scope);
  const left = await ledger.halts.list();
  output.result({ scope, lifted, left }, [
    lifted ? `The halt of ${scope} is lifted.` : `There is no halt of ${scope}.`,
    ...left.map((each) => `Still halted: ${each.scope} (${each.reason})`),
  ]);
  return lifted ? 0 : 1;
}

/** Ends everything that a subscriber owes and that waits. Exit code 1 when nothing does. */
async function forgive(
  parts: Parts,
  output: Output,
  clock: Clock,
  subscriber: string,
  reason: string,
): Promise<number> {
  const { ledger } = parts;
  const forgiven: { share: string; left: bigint }[] = [];
  for (const each of await ledger.shares.open(subscriber))
    if (await ledger.shares.void(each.id, reason, clock.nowMs()))
      forgiven.push({ share: each.id, left: each.amount - each.paid });
  const total = forgiven.reduce((sum, each) => sum + each.left, 0n);
  output.result({ subscriber, forgiven, total }, [
    forgiven.length === 0
      ? `${subscriber} owes nothing that waits; a payment that is on its way is seen to its end first.`
      : `${formatUnits(total)} USDC in ${forgiven.length} shares are forgiven; daemons judge ${subscriber} again within half a minute.`,
  ]);
  return forgiven.length === 0 ? 1 : 0;
}

/** Makes debts payable that were booked while only observing. Asked again, it finds none. */
async function adopt(
  { ledger }: Parts,
  output: Output,
  fromSlot: number,
  reason: string,
): Promise<number> {
  const adopted = await ledger.shares.adopt(fromSlot);
  const left = adopted.reduce((sum, each) => sum + each.left, 0n);
  const still = await ledger.shares.observed();
  output.result({ fromSlot, reason, adopted, left, still }, [
    adopted.length === 0
      ? `No debt of a close in slot ${fromSlot} or later waits to be adopted.`
      : `${adopted.length} debts of ${formatUnits(left)} USDC are payable now; daemons in mode settle pay them within seconds.`,
    ...(still.count === 0
      ? []
      : [
          `${still.count} debts of ${formatUnits(still.left)} USDC from earlier slots stay observed. Void them once they are settled elsewhere.`,
        ]),
  ]);
  return 0;
}

export function addDebts(program: Command, tools: Tools): void {
  const shares = program.command('shares').description('debts of subscribers to creators');
  shares
    .command('list')
    .description('the newest profit shares')
    .option('--subscriber <id>')
    .option('--status <status>', 'pending, processing, paid, failed or voided')
    .action((given: { subscriber?: string; status?: string }) =>
      tools.look(({ parts }) => listShares(parts, tools.output(), given)),
    );
  shares
    .command('explain <share>')
    .description('how a share came to be its amount, number by number')
    .action((id: string) => tools.look(({ parts }) => explainShare(parts, tools.output(), id)));
  shares
    .command('retry <share>')
    .description('try a debt now, also one that waits for a person')
    .action((id: string) =>
      tools.act('shares retry', { share: id }, ({ parts }) =>
        retryShare(parts, tools.output(), id),
      ),
    );
  reasoned(shares.command('void <share>').description('end a debt unpaid')).action(
    (id: string, { reason }: { reason: string }) =>
      tools.act('shares void', { share: id, reason }, ({ parts }) =>
        voidShare(parts, tools.output(), tools.clock, id, reason),
      ),
  );
  reasoned(
    shares
      .command('forgive <subscriber>')
      .description('end everything that a subscriber owes and that waits'),
  ).action((id: string, { reason }: { reason: string }) =>
    tools.act('shares forgive', { id, reason }, ({ parts }) =>
      forgive(parts, tools.output(), tools.clock, id, reason),
    ),
  );
  reasoned(
    program
      .command('adopt')
      .description('pay from now on what was booked while only observing')
      .requiredOption('--from-slot <slot>', 'debts of closes in this slot and later'),
  ).action(({ fromSlot, reason }: { fromSlot: string; reason: string }) => {
    if (!/^\d{1,15}$/.test(fromSlot)) {
      tools
        .output()
        .result({ fromSlot }, [`--from-slot is a slot, a whole number; got: ${fromSlot}`]);
      return tools.exitWith(2);
    }
    return tools.act('adopt', { fromSlot, reason }, ({ parts }) =>
      adopt(parts, tools.output(), Number(fromSlot), reason),
    );
  });
  const payments = program.command('payments').description('what was paid');
  payments
    .command('list')
    .description('the newest payments')
    .option('--subscriber <id>')
    .action((given: { subscriber?: string }) =>
      tools.look(({ parts }) => listPayments(parts, tools.output(), given)),
    );
  payments
    .command('rebuild')
    .description('after payments were lost: find on chain what was paid, and book it')
    .option('--dry-run', 'say what would be restored, and write nothing')
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
    program
      .command('halt <scope>')
      .description('sign nothing new for: all, creator:WALLET or subscriber:ID'),
  ).action((scope: string, { reason }: { reason: string }) =>
    tools.act('halt', { scope, reason }, ({ parts }) => halt(parts, tools.output(), scope, reason)),
  );
  program
    .command('halts')
    .description('where nothing new is signed')
    .command('list')
    .description('every halt in force, with its reason')
    .action(() => tools.look(({ parts }) => listHalts(parts, tools.output())));
  program
    .command('resume <scope>')
    .description('lift a halt')
    .action((scope: string) =>
      tools.act('resume', { scope }, ({ parts }) => resume(parts, tools.output(), scope)),
    );
}
