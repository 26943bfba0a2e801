#!/usr/bin/env node
// Main: the command `bailiff-verify RECEIPT… --rpc URL` of the package @bailiff/verify.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Fault } from '../core/fault.ts';
import { receiptsOf } from './files.ts';
import { exitOf, linesOf, openNode, verifyReceipts } from './verify.ts';

const USAGE =
  'bailiff-verify RECEIPT… --rpc URL [--root COMMITMENT|SIGNATURE…] [--json]\nExit codes: 0 all ok, 3 something differs, 1 something cannot be told, 2 wrong arguments.\n';

async function main(args: readonly string[]): Promise<number> {
  let given: { rpc?: string; json?: boolean; root?: string[] };
  let files: string[];
  try {
    ({ values: given, positionals: files } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rpc: { type: 'string' },
        json: { type: 'boolean' },
        root: { type: 'string', multiple: true },
      },
    }));
  } catch {
    given = {};
    files = [];
  }
  if (given.rpc === undefined || files.length === 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  const receipts = (await Promise.all(files.map(receiptsOf))).flat();
  const node = openNode(given.rpc, (ms) => pause(ms));
  const found = await verifyReceipts(receipts, node, undefined, given.root);
  const said = given.json === true ? JSON.stringify(found, null, 2) : linesOf(found).join('\n');
  process.stdout.write(`${said}\n`);
  return exitOf(found.verdict);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = thrown instanceof Fault && thrown.code === 'body_invalid' ? 2 : 1;
  },
);
