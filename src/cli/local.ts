// Local: the commands that do on the chain of `npm start` what people do: they are funded, trade
// and withdraw, prices move, the node is slow or broken.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Fault, messageOf } from '../core/fault.ts';
import { VENUE_NAMES, type VenueName } from '../core/venue-name.ts';
import type { Tools } from './command-tools.ts';

type Answer = { readonly said?: readonly string[]; readonly problem?: string };

const MARKETS = ['SOL-PERP', 'BTC-PERP'] as const;
const BREAKS = ['rpc', 'sends', 'sockets', 'helius'] as const;

/** `sandboxUrl` returns where the sandbox of the running local world listens. */
export function addLocal(
  program: Command,
  tools: Tools,
  sandboxUrl: () => Promise<string | null>,
): void {
  const local = program
    .command('local')
    .description('do on the chain of npm start what people do there')
    .addOption(
      new Option('--venue <name>', 'at this venue; the first that is served when left out').choices(
        VENUE_NAMES,
      ),
    );
  const act = async (given: Record<string, unknown>): Promise<void> => {
    const url = await sandboxUrl();
    if (url === null)
      throw new Fault('local_world_failed', 'No local world runs here. Start one with: npm start');
    const { venue } = local.opts<{ venue?: VenueName }>();
    const answer = await fetch(`${url}/acts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...given, ...(venue === undefined ? {} : { venue }) }),
    }).catch((thrown: unknown) => {
      throw new Fault(
        'local_world_failed',
        `The local world does not answer at ${url}: ${messageOf(thrown)}. Start it with: npm start`,
      );
    });
    const said = (await answer.json()) as Answer;
    if (said.problem !== undefined) throw new Fault('local_world_failed', said.problem);
    tools.output().result(said, said.said ?? []);
  };
  const millisOf = (text: string): number => {
    if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Give whole milliseconds.');
    return Number(text);
  };
  local
    .command('fund <name>')
    .description('give a person a wallet with SOL, and USDC in sub-account 0 at the venue')
    .option('--usdc <amount>', 'USDC to deposit; later ones go into the wallet', '1000')
    .option('--sol <amount>', 'SOL for fees', '0.05')
    .action((name: string, { usdc, sol }: { usdc: string; sol: string }) =>
      act({ do: 'fund', name, usdc, sol }),
    );
  local
    .command('wallet <name>')
    .description("print a person's wallet; a new name gets one")
    .action((name: string) => act({ do: 'wallet', name }));
  local
    .command('key <name>')
    .description("print the secret key of a person's wallet")
    .action((name: string) => act({ do: 'key', name }));
  local
    .command('trade <name> <direction> <size>')
    .description('a market order, filled at once: long or short, size in SOL or BTC')
    .addOption(new Option('--market <market>').choices(MARKETS).default('SOL-PERP'))
    .option('--close', 'only reduce the position')
    .action(
      (
        name: string,
        direction: string,
        size: string,
        { market, close }: { market: string; close?: true },
      ) => {
        if (direction !== 'long' && direction !== 'short')
          throw new Fault('body_invalid', 'The direction is long or short.');
        return act({ do: 'trade', name, direction, size, market, close: close === true });
      },
    );
  local
    .command('price <market> <usd>')
    .description('move the price of a market')
    .action((market: string, price: string) => act({ do: 'price', market, price }));
  local
    .command('withdraw <name> <usdc>')
    .description(
      'withdraw from the venue as an owner with the key can, without asking the platform',
    )
    .option('--to <who>', 'a person or an address; when absent another wallet of theirs, NAME-away')
    .action((name: string, usdc: string, { to = `${name}-away` }: { to?: string }) =>
      act({ do: 'withdraw', name, usdc, to }),
    );
  local
    .command('slow <ms>')
    .description('let the node answer late')
    .action((ms: string) => act({ do: 'slow', ms: millisOf(ms) }));
  local
    .command('break <what>')
    .description(`break something: ${BREAKS.join(', ')}`)
    .action((what: string) => {
      if (!(BREAKS as readonly string[]).includes(what))
        throw new Fault('body_invalid', `There is to break: ${BREAKS.join(', ')}.`);
      return act({ do: 'break', what });
    });
  local
    .command('mend')
    .description('end every slowness and breakage')
    .action(() => act({ do: 'mend' }));
  local
    .command('show', { isDefault: true })
    .description('people, balances and prices')
    .action(() => act({ do: 'show' }));
}
