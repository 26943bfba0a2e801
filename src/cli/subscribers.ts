// Subscribers: the commands that show subscribers, and the gate's verdict on one of them.
import type { Command } from 'commander';
import type { Address } from '../core/ids.ts';
import type { Ledger } from '../core/ports.ts';
import { ACTIONS, type Action, createRoster, type Decision } from '../core/roster.ts';
import { recipientsOf } from '../core/split.ts';
import { rulesTold } from '../core/terms.ts';
import { amountsText, amountText, type Token } from '../core/token.ts';
import { doubtedBy, personalDoubts, whyDoubted, whyUnread } from '../flows/gate-doubts.ts';
import type { Settings } from '../system/settings.ts';
import type { Opened, Tools } from './command-tools.ts';
import { dated, type ListOptions, listed, periodIn, showList } from './lists.ts';
import { table } from './output.ts';

/** The sources of the verdict: the ledger, the chain and the platform's rules of the gate. */
export type Asked = {
  readonly parts: {
    readonly ledger: Pick<
      Ledger,
      'standings' | 'sightings' | 'checks' | 'coverage' | 'asides' | 'suspicions' | 'unfollowed'
    >;
    readonly chain: Pick<Opened['parts']['chain'], 'slot'>;
  };
  readonly settings: Pick<Settings, 'gate'>;
};

/** The verdict that a daemon would give now if it had read the whole ledger. */
export async function decide(
  { parts, settings }: Asked,
  { clock }: Pick<Tools, 'clock'>,
  who: string,
  action: Action,
): Promise<Decision> {
  const { ledger, chain } = parts;
  const { gateOf } = await import('../settings-rules.ts');
  const roster = createRoster(gateOf(settings));
  const entry = await ledger.standings.entry(who);
  roster.hydrate(entry === null ? [] : [entry]);
  const nowMs = clock.nowMs();
  roster.observe(await chain.slot('confirmed'), nowMs);
  const doubted = await doubtedBy(ledger, nowMs - settings.gate.lagMsMost);
  const personal = await personalDoubts({ ledger }, settings.gate.suspicions);
  roster.doubt(whyDoubted(doubted.subscribers, personal));
  const { unattributedSinceMs } = doubted;
  roster.doubtAll(unattributedSinceMs === null ? null : whyUnread(nowMs, unattributedSinceMs));
  return roster.decide(who, action, nowMs);
}

/** Adds the commands `subscribers list`, `subscribers show` and `gate`. */
export function addPeople(program: Command, tools: Tools): void {
  program
    .command('gate <subscriber>')
    .description('may this subscriber open, increase, reduce or close? exit code 3 when not')
    .option('--action <action>', ACTIONS.join(', '), 'open')
    .action(async (who: string, { action }: { action: string }) => {
      if (!(ACTIONS as readonly string[]).includes(action)) {
        tools
          .output()
          .result({ action }, [`No action: ${action}. There are: ${ACTIONS.join(', ')}.`]);
        return tools.exitWith(2);
      }
      await tools.look(async (opened) => {
        const decision = await decide(opened, tools, who, action as Action);
        const owed =
          decision.owed === null ? '' : `, owes ${amountsText(decision.owed) || 'nothing'}`;
        tools
          .output()
          .result({ subscriber: who, action, ...decision }, [
            `${decision.verdict}: ${decision.reason}`,
            `standing ${decision.standing ?? 'none'}${owed}`,
          ]);
        return decision.verdict === 'allow' ? 0 : 3;
      });
    });
  const subscribers = program.command('subscribers').description('registered subscribers');
  dated(
    listed(
      subscribers
        .command('list', { isDefault: true })
        .description('subscribers in the order of their ids; a period is that of registering'),
      'after',
    ),
  ).action((given: ListOptions) =>
    tools.look(({ parts }) =>
      showList(parts.ledger, tools.output(), given, {
        list: 'subscribers',
        filter: periodIn(given),
        turn: 'after',
        head: ['SUBSCRIBER', 'AGENT WALLET', 'SUB-ACCOUNTS', 'KEY'],
        cells: (each) => [
          each.id,
          each.agentWallet,
          each.driftAccounts.map((one) => one.subAccountId).join(','),
          each.hasKey ? 'kept' : 'none',
        ],
      }),
    ),
  );
  subscribers
    .command('show <id>')
    .description('accounts, terms, standing and debts')
    .action((id: string) =>
      tools.look(async ({ parts: { ledger, venues } }) => {
        const subscriber = await ledger.subscribers.find(id);
        if (subscriber === null) {
          tools.output().result({ id, found: false }, [`Subscriber ${id} is not registered.`]);
          return 1;
        }
        const accounts = await ledger.watchList.ofSubscriber(id);
        const subscriptions = await ledger.subscriptions.ofSubscriber(id);
        const standing = await ledger.standings.entry(id);
        const open = await ledger.shares.open(id);
        const text = (value: unknown): string => String(value ?? '');
        const tokenOf = (account: Address): Token =>
          venues.of(subscriber.driftAccounts.find((each) => each.address === account)?.venue).quote;
        tools
          .output()
          .result({ subscriber, accounts, subscriptions, standing, open }, [
            `${id}: ${standing?.standing}, owes ${amountsText(standing?.owed ?? []) || 'nothing'}. ${standing?.reason ?? ''}`.trim(),
            ...table([
              ['ACCOUNT', 'ROLE', 'SCANNED', 'CHECKED', 'GAP'],
              ...accounts.map((each) => [
                each.address,
                each.role,
                text(each.scannedSlot),
                text(each.checkedSlot),
                each.hasGap ? 'yes' : '',
              ]),
            ]),
            ...table([
              ['SUBSCRIPTION', 'RECIPIENT', 'FROM SLOT', 'SHARE', 'BASIS', 'RULES'],
              ...subscriptions.flatMap((each) =>
                each.terms.flatMap((terms) =>
                  recipientsOf(terms).map(({ wallet, shareBps, label }) => [
                    each.id,
                    label === null ? wallet : `${wallet} (${label})`,
                    text(terms.fromSlot),
                    terms.ended ? 'ended' : `${shareBps} bps`,
                    terms.basis,
                    rulesTold(terms, (units) => amountText(units, tokenOf(each.driftAccount))).join(
                      ' ',
                    ),
                  ]),
                ),
              ),
            ]),
            ...table([
              ['SHARE', 'OWED', 'PAID', 'STATUS', 'WHY'],
              ...open.map((each) => [
                each.id,
                amountText(each.amount, each.token),
                amountText(each.paid, each.token),
                each.status,
                each.reason?.code ?? '',
              ]),
            ]),
          ]);
        return 0;
      }),
    );
}
