// Node: what the doctor says of a node that does not show the blocks which a proof of death needs.
import { expect, test } from 'vitest';
import { type NodeReport, readNode } from '../../src/chain/probe.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import { ofNode } from '../../src/probes/node.ts';
import { loadSettings } from '../../src/system/settings.ts';
import { createManualClock } from '../support/clock.ts';
import { signatureOf } from '../support/ledger.ts';

const HASH = signatureOf(1);
const HEAD = { blockhash: HASH, previousBlockhash: HASH, parentSlot: 899, blockTime: null };
type Answers = Readonly<Record<string, unknown>>;
const WHOLE: Answers = {
  getVersion: { 'solana-core': '4.0.0' },
  getGenesisHash: HASH,
  getSlot: 900,
  getBlockTime: 1_800_000_000,
  getBlocks: [898, 899, 900],
  getBlock: { ...HEAD, blockHeight: 700 },
};
/** A node that answers these questions, and refuses every other. */
const nodeOf = (answers: Answers) =>
  openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const { id, method } = JSON.parse(String(init?.body)) as { id: unknown; method: string };
    const result = answers[method];
    const error = { code: -32601, message: 'Method not found' };
    return Response.json({
      jsonrpc: '2.0',
      id,
      ...(result === undefined ? { error } : { result }),
    });
  });
const says = (report: NodeReport): string =>
  ofNode('rpc', report, loadSettings({}), HASH, createManualClock())
    .filter((each) => each.says.includes('getBlocks'))
    .map((each) => each.what)
    .join();

test('a node that lists its newest blocks and gives their heads is fine', async () => {
  const report = await readNode(nodeOf(WHOLE));
  expect(report).toMatchObject({ slot: 900, givesBlocks: true });
  expect(says(report)).toBe('');
});

test.each<[string, Answers]>([
  ['refuses to list blocks', { ...WHOLE, getBlocks: undefined }],
  ['refuses to give one', { ...WHOLE, getBlock: undefined }],
  ['lists none', { ...WHOLE, getBlocks: [] }],
  ['tells no heights', { ...WHOLE, getBlock: { ...HEAD, blockHeight: null } }],
])('a node that %s is named, because it proves no death', async (_, answers) => {
  const report = await readNode(nodeOf(answers));
  expect(report.givesBlocks).toBe(false);
  expect(says(report)).toBe('rpc');
});

test('without a chain in the ledger a node of a public cluster is named as such', async () => {
  const report = await readNode(nodeOf(WHOLE));
  const told = (genesis: string) =>
    ofNode('rpc', { ...report, genesis }, loadSettings({}), null, createManualClock())
      .filter((each) => each.says.includes('another chain'))
      .map((each) => each.says)
      .join();
  const devnet = 'EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG';
  expect(told(devnet)).toContain(`its genesis hash is ${devnet} (devnet)`);
  expect(told(HASH)).toBe('');
});
