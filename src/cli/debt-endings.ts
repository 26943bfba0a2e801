// Debt endings: the acts of an operator that end debts unpaid or make observed ones payable. Before
// each, the payments of the subscriber are compared with the chain, because the database may have
// lost one.

import type { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { judge } from '../core/standing.ts';
import { amountsText, sumsOf, type Token } from '../core/token.ts';
import type { Voiding } from '../core/voiding.ts';
import { createBooks } from '../flows/books-comparison.ts';
import { createEndings, type Endings } from '../flows/ending.ts';
import { type Opened, reasoned, type Tools } from './command-tools.ts';
import { counted } from './output.ts';
import { untilNothingCanLand } from './rebuild.ts';

/**
 * The acts that end debts or make them payable. The command compares the ledger with the chain by
 * itself, because it does not know what a daemon has compared. With `wait` it first waits until the
 * database counts as whole: where the database was replaced, or does not tell its timeline, until
 * nothing that was signed before can land any more.
 */
async function endingsOf(
  { parts, log }: Opened,
  { output, clock }: Pick<Tools, 'output' | 'clock'>,
  wait: boolean,
): Promise<Endings> {
  const books = createBooks({ ...parts, log });
  for (let broken = await books.doubt(); broken !== null; broken = await books.doubt()) {
    if (!wait)
      throw new Fault(
        'books_behind',
        `${broken.detail} With --wait this command waits for that, and goes on once ledger and chain agree.`,
      );
    await untilNothingCanLand(parts, clock, output());
  }
  return createEndings({ ...parts, books, clock, log });
}

/** Adds --wait to a command that needs books which agree with the chain. */
const waiting = (command: Command): Command =>
  command.option(
    '--wait',
    'on a database that was replaced or does not tell its timeline: wait 182 blocks, then compare with the chain',
  );
type Waiting = { readonly wait?: boolean };

/**
 * Ends one debt unpaid, or has its payment under a nonce cancelled first. Returns exit code 1 when
 * the debt is not open, or a payment of it under a blockhash is on its way.
 */
async function voidShare(
  opened: Opened,
  tools: Pick<Tools, 'output' | 'clock'>,
  id: string,
  voiding: Voiding,
  wait: boolean,
): Promise<number> {
  const { ledger } = opened.parts;
  const known = await ledger.shares.find(id);
  const endings = known === null ? null : await endingsOf(opened, tools, wait);
  const done = known !== null && (await endings?.void(known, voiding)) === true;
  if (done) await ledger.standings.update(known.subscriberId, judge);
  const payment = known === null || done ? null : await endings?.cancelFor(known, voiding);
  if (payment) {
    tools
      .output()
      .result({ share: id, voided: false, cancelling: payment }, [
        `Payment ${payment} of ${id} is being cancelled; the daemon voids the debt once that payment can never land.`,
      ]);
    return 0;
  }
  const status = (await ledger.shares.find(id))?.status ?? 'unknown here';
  const refused =
    known === null
      ? `There is no profit share ${id}.`
      : `${id} is ${status}; only a debt that waits can be voided. A payment that is on its way must end first.`;
  tools
    .output()
    .result({ share: id, voided: done, status }, [
      done ? `${id} is voided: ${voiding.reason}` : refused,
    ]);
  return done ? 0 : 1;
}

/**
 * Ends every open debt of a subscriber that no payment is on its way for. Returns exit code 1 when
 * there is none.
 */
async function forgive(
  opened: Opened,
  tools: Pick<Tools, 'output' | 'clock'>,
  subscriber: string,
  voiding: Voiding,
  wait: boolean,
): Promise<number> {
  const { ledger } = opened.parts;
  const endings = await endingsOf(opened, tools, wait);
  const forgiven: { share: string; left: bigint; token: Token }[] = [];
  for (const each of await ledger.shares.open(subscriber))
    if (await endings.void(each, voiding))
      forgiven.push({ share: each.id, left: each.amount - each.paid, token: each.token });
  // Judged here, the subscriber does not wait for the daemons' next round.
  if (forgiven.length > 0) await ledger.standings.update(subscriber, judge);
  const total = sumsOf(forgiven.map((each) => ({ ...each.token, amount: each.left })));
  tools
    .output()
    .result({ subscriber, forgiven, total }, [
      forgiven.length === 0
        ? `${subscriber} has no open debt that can be ended; a payment that is on its way must end first.`
        : `${amountsText(total)} in ${counted(forgiven.length, 'share')} is forgiven, and the standing of ${subscriber} is judged again.`,
    ]);
  return forgiven.length === 0 ? 1 : 0;
}

/**
 * Makes debts payable that were booked in mode observe. A second run finds none. Returns exit code
 * 1 when debts of some subscribers have to wait.
 */
async function adopt(
  opened: Opened,
  tools: Pick<Tools, 'output' | 'clock'>,
  fromSlot: number,
  reason: string,
  wait: boolean,
): Promise<number> {
  const { ledger } = opened.parts;
  const { adopted, waiting: behind } = await (await endingsOf(opened, tools, wait)).adopt(fromSlot);
  const left = sumsOf(adopted.map((each) => ({ ...each.token, amount: each.left })));
  const still = await ledger.shares.observed();
  tools
    .output()
    .result({ fromSlot, reason, adopted, left, still, waiting: behind }, [
      adopted.length === 0
        ? `No debt of a close in slot ${fromSlot} or later waits to be adopted.`
        : `${counted(adopted.length, 'debt is', 'debts are')} payable now, ${amountsText(left)} in all; daemons in mode settle pay within seconds.`,
      ...(still.count === 0
        ? []
        : [
            `${counted(still.count, 'debt stays', 'debts stay')} observed, ${amountsText(still.left)} in all. Void what is of earlier slots once it is paid elsewhere.`,
          ]),
      ...behind.map((each) => `${each.subscriberId} waits: ${each.reason}`),
    ]);
  return behind.length === 0 ? 0 : 1;
}

/** Adds `shares void`, `shares forgive` and `adopt`. */
export function addDebtEndings(program: Command, shares: Command, tools: Tools): void {
  waiting(reasoned(shares.command('void <share>').description('end a debt unpaid'))).action(
    (id: string, { reason, wait = false }: { reason: string } & Waiting) =>
      tools.act('shares void', { share: id, reason }, (opened) =>
        voidShare(opened, tools, id, { reason, ...tools.byWhom() }, wait),
      ),
  );
  const forgiving = shares
    .command('forgive <subscriber>')
    .description('end every open debt of a subscriber, unpaid');
  waiting(reasoned(forgiving)).action(
    (id: string, { reason, wait = false }: { reason: string } & Waiting) =>
      tools.act('shares forgive', { id, reason }, (opened) =>
        forgive(opened, tools, id, { reason, ...tools.byWhom() }, wait),
      ),
  );
  const adopting = program
    .command('adopt')
    .description('make debts payable that were booked in mode observe')
    .requiredOption('--from-slot <slot>', 'debts of closes in this slot and later');
  type Adopting = { readonly fromSlot: string; readonly reason: string } & Waiting;
  waiting(reasoned(adopting)).action(({ fromSlot, reason, wait = false }: Adopting) => {
    if (!/^\d{1,15}$/.test(fromSlot)) {
      tools
        .output()
        .result({ fromSlot }, [`--from-slot is a slot, a whole number; got: ${fromSlot}`]);
      return tools.exitWith(2);
    }
    return tools.act('adopt', { fromSlot, reason }, (opened) =>
      adopt(opened, tools, Number(fromSlot), reason, wait),
    );
  });
}
