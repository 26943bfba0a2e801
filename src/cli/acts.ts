// Acts: the command that lists the acts on record: who asked, over HTTP or by command, for which
// change.
import type { Command } from 'commander';
import { isoTime } from '../core/time.ts';
import type { Tools } from './command-tools.ts';
import { type ListOptions, listed, showList } from './lists.ts';
import { addLostActs } from './lost-acts.ts';

type ActFilter = { actor?: string; subscriber?: string };

const SHOWN = 80;

/** Adds the command `acts list`. */
export function addActs(program: Command, tools: Tools): void {
  const acts = program.command('acts').description('acts on record: who asked for which change');
  listed(acts.command('list').description('acts, the newest first'), 'before')
    .option('--actor <actor>', 'the id of an API key, or configured, anyone or command')
    .option('--subscriber <id>', 'acts on this subscriber')
    .action((given: ActFilter & ListOptions) =>
      tools.look(({ parts }) =>
        showList(parts.ledger, tools.output(), given, {
          list: 'acts',
          filter: { actor: given.actor, subscriber: given.subscriber },
          turn: 'before',
          head: ['ACT', 'AT', 'ACTOR', 'PERSON', 'WHAT', 'STATUS', 'ASKED'],
          cells: (each) => [
            String(each.id),
            isoTime(each.atMs),
            each.keyName === null ? each.actor : `${each.actor} (${each.keyName})`,
            each.person ?? '',
            each.what,
            each.status === null ? 'broken off' : String(each.status),
            JSON.stringify(each.asked).slice(0, SHOWN),
          ],
        }),
      ),
    );
  addLostActs(acts, tools);
}
