// Hearing: the commands about hearing: read one transaction again, walk the histories of
// accounts, accept a state, and compare the watch-list at Helius.

import type { Command } from 'commander';
import { Fault } from '../core/fault.ts';
import { hearTransaction } from '../core/hear.ts';
import { isSignature } from '../core/ids.ts';
import { createAccept } from '../flows/accepted-changes.ts';
import { createAside } from '../flows/aside.ts';
import { backfill } from '../flows/backfill.ts';
import { rescan } from '../flows/rescan.ts';
import { loadWatched } from '../flows/watched.ts';
import { type Opened, reasoned, type Tools } from './command-tools.ts';
import { addHearingLists } from './hearing-lists.ts';
import { counted, table } from './output.ts';

const exact = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));

/**
 * Reads a transaction and shows its facts. Without `dryRun` also notes its sighting anew, so that
 * running daemons record it again.
 */
async function replay(
  { parts }: Opened,
  tools: Tools,
  text: string,
  dryRun: boolean,
): Promise<number> {
  if (!isSignature(text))
    throw new Fault(
      'body_invalid',
      `${text.slice(0, 100)} is no transaction signature, which is 64 bytes in base58.`,
    );
  const { ledger, chain, venues } = parts;
  const transaction = await chain.transaction(text, 'confirmed');
  if (transaction === null) {
    tools.output().result({ signature: text, found: false }, [`No node knows ${text}.`]);
    return 1;
  }
  const watched = await loadWatched(ledger.watchList);
  const facts = hearTransaction(venues.all, transaction, watched.map);
  if (!dryRun) {
    const { blockIndex, slot, keys } = transaction;
    const accounts = keys.filter((key) => watched.map.has(key));
    const rumour = { signature: text, blockIndex, slot, accounts, urgent: true };
    const nowMs = tools.clock.nowMs();
    await ledger.sightings.note([rumour], {
      source: 'replay',
      by: 'confirmed',
      nowMs,
      again: true,
    });
  }
  tools.output().result(
    {
      signature: text,
      slot: transaction.slot,
      failed: transaction.error !== null,
      facts,
      noted: !dryRun,
    },
    [
      `Slot ${transaction.slot}: ${transaction.error === null ? counted(facts.length, 'fact') : 'it failed, and changed nothing'}.`,
      ...table(
        facts.map(({ subscriberId, account, body: { kind, ...body } }) => [
          `  ${kind}`,
          subscriberId,
          account,
          exact(body),
        ]),
      ),
      dryRun ? 'Nothing was noted.' : 'Running daemons read it again within seconds.',
    ],
  );
  return 0;
}

/**
 * Walks the histories of watched accounts, each from the slot up to which it was scanned, or all
 * from a given slot.
 */
async function walk(
  { parts, log }: Opened,
  tools: Tools,
  given: { subscriber?: string; fromSlot?: string },
): Promise<number> {
  const { ledger, chain } = parts;
  const { clock } = tools;
  const ports = { ...parts, aside: createAside({ ledger, clock, log }), clock, log };
  const list = await ledger.watchList.all();
  const addresses = list
    .filter((each) => given.subscriber === undefined || each.subscriberId === given.subscriber)
    .map((each) => each.address);
  if (addresses.length === 0) {
    tools
      .output()
      .result({ accounts: 0 }, [
        given.subscriber === undefined
          ? 'No account is watched. Register a subscriber first.'
          : `No account of subscriber ${given.subscriber} is watched.`,
      ]);
    return 1;
  }
  const output = tools.output();
  const bar = output.progress('reading histories', addresses.length);
  const tip = await chain.slot('finalized');
  const never = new AbortController().signal;
  let transactions = 0;
  for (const [index, address] of addresses.entries()) {
    transactions +=
      given.fromSlot === undefined
        ? (await backfill(ports, never, [address])).noted
        : await rescan(ports, address, Number(given.fromSlot) - 1, tip);
    bar.update(index + 1);
  }
  bar.stop();
  output.result({ accounts: addresses.length, transactions, tip }, [
    `Noted ${counted(transactions, 'transaction')} of ${counted(addresses.length, 'account')} up to slot ${tip}, for running daemons to read.`,
  ]);
  return 0;
}

async function watchList(
  { parts, settings, log }: Opened,
  tools: Tools,
  mend: boolean,
): Promise<number> {
  const { openRegistry } = await import('../daemon-parts.ts');
  const alone = <T>(work: () => Promise<T>) => parts.locks.exclusively('helius', work);
  const registry = openRegistry(settings, log, null, alone, parts.webhookIds);
  if (registry === null)
    throw new Fault(
      'settings_invalid',
      'BAILIFF_HELIUS_API_KEY and BAILIFF_WEBHOOK_URL: are required to look at the watch-list at Helius',
    );
  const addresses = (await parts.ledger.watchList.all()).map((each) => each.address);
  if (mend) await registry.repair(addresses);
  const seen = await registry.inspect(addresses);
  const same =
    seen.missing.length + seen.extra.length + seen.disabled + seen.wrongSecret + seen.altered === 0;
  tools
    .output()
    .result({ watched: addresses.length, ...seen }, [
      `${counted(addresses.length, 'account is', 'accounts are')} watched, in ${counted(seen.webhooks, 'webhook')}.`,
      ...seen.missing.map((each) => `  missing  ${each}`),
      ...seen.extra.map((each) => `  extra    ${each}`),
      ...(seen.disabled > 0
        ? [`  ${counted(seen.disabled, 'webhook is', 'webhooks are')} disabled`]
        : []),
      ...(seen.altered > 0
        ? [`  ${counted(seen.altered, 'webhook has', 'webhooks have')} another type, filter or URL`]
        : []),
      ...(seen.wrongSecret > 0
        ? [`  ${counted(seen.wrongSecret, 'webhook sends', 'webhooks send')} another secret`]
        : []),
      same ? 'Nothing differs.' : 'Mend it with: bailiff watch-list repair',
    ]);
  return same ? 0 : 3;
}

/** Adds `replay`, `backfill`, and the commands under `hearing` and `watch-list`. */
export function addListening(program: Command, tools: Tools): void {
  program
    .command('replay <signature>')
    .description('read a transaction again, show its facts, and have daemons record them')
    .option('--dry-run', 'only show the facts')
    .action((signature: string, { dryRun }: { dryRun?: boolean }) =>
      tools.act('replay', { signature, dryRun: dryRun === true }, (opened) =>
        replay(opened, tools, signature, dryRun === true),
      ),
    );
  program
    .command('backfill')
    .description('read the histories of watched accounts now')
    .option('--subscriber <id>', 'only accounts of this subscriber')
    .option(
      '--from-slot <slot>',
      'from this slot on, even if it was read before; without it from where each was scanned to',
    )
    .action(async (given: { subscriber?: string; fromSlot?: string }) => {
      if (given.fromSlot !== undefined && !/^\d{1,15}$/.test(given.fromSlot))
        throw new Fault(
          'body_invalid',
          `--from-slot must be a slot, a whole number; is ${given.fromSlot.slice(0, 100)}.`,
        );
      await tools.act('backfill', { id: given.subscriber, fromSlot: given.fromSlot }, (opened) =>
        walk(opened, tools, given),
      );
    });
  const hearing = program
    .command('hearing')
    .description('what no fact explains, what cannot be read, and suspicions');
  reasoned(
    hearing
      .command('accept <subject>')
      .description(
        'accept the state of an account (by address), or a transaction that no node returns (by signature)',
      ),
  ).action((subject: string, { reason }: { reason: string }) =>
    tools.act('hearing accept', { subject, reason }, async ({ parts, log }) => {
      const watched = await loadWatched(parts.ledger.watchList);
      await createAccept({ ...parts, watched, log })(subject, reason);
      tools
        .output()
        .result({ subject, accepted: true }, [
          `${subject} is accepted. Running daemons see it at their next check.`,
        ]);
      return 0;
    }),
  );
  addHearingLists(hearing, tools);
  const list = program.command('watch-list').description('addresses registered at Helius');
  list
    .command('diff')
    .description('how they differ from the watched accounts; exit code 3 when they do')
    .action(() => tools.look((opened) => watchList(opened, tools, false)));
  list
    .command('repair')
    .description(
      'register missing addresses, remove those that are not watched, enable disabled webhooks',
    )
    .action(() => tools.act('watch-list repair', {}, (opened) => watchList(opened, tools, true)));
}
