// Debts: the commands that show what is owed and paid, and the acts of an operator. They work on the ledger; running daemons see
// what they did with their next look.
import { explain } from '../core/explain.ts';
import { formatUnits } from '../core/money.ts';
import type { Clock } from '../core/ports.ts';
import type { Parts } from '../parts.ts';
import { type Output, table } from './output.ts';

const LIST_MOST = 200;

export async function listShares(
  { ledger }: Parts,
  output: Output,
  given: { subscriber?: string; status?: string },
): Promise<void> {
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
        each.reason?.code ?? '',
      ]),
    ]),
  );
}

export async function listPayments(
  { ledger }: Parts,
  output: Output,
  given: { subscriber?: string },
): Promise<void> {
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
}

export async function explainShare({ ledger }: Parts, output: Output, id: string): Promise<number> {
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
export async function voidShare(
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

export async function retryShare({ ledger }: Parts, output: Output, id: string): Promise<number> {
  const done = await ledger.shares.retry(id);
  output.result({ share: id, due: done }, [
    done ? `${id} is due now.` : `${id} is not a debt that waits.`,
  ]);
  return done ? 0 : 1;
}

export async function halt(
  { ledger }: Parts,
  output: Output,
  scope: string,
  reason: string,
): Promise<void> {
  await ledger.halts.set(scope, reason);
  output.result({ scope, reason }, [
    `Nothing new is signed for ${scope}. What is signed already is seen to its end.`,
  ]);
}

export async function resume({ ledger }: Parts, output: Output, scope: string): Promise<number> {
  const lifted = await ledger.halts.lift(scope);
  const left = await ledger.halts.list();
  output.result({ scope, lifted, left }, [
    lifted ? `The halt of ${scope} is lifted.` : `There is no halt of ${scope}.`,
    ...left.map((each) => `Still halted: ${each.scope} (${each.reason})`),
  ]);
  return lifted ? 0 : 1;
}
