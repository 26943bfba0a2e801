// Nodes: every URL of the settings must belong to the ledger's chain: at start, later, and before a
// WebSocket is opened. Real HTTP; the genesis hash that a node gives can be changed while it runs.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createAnswerReader, USUAL_BOUNDS } from '../../src/chain/answer.ts';
import { createChain } from '../../src/chain/chain.ts';
import { type NodesOptions, openNodes } from '../../src/chain/nodes.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

const OURS = 'ours1111111111111111111111111111111111111';
const OTHER = 'other111111111111111111111111111111111111';

type Node = {
  url: string;
  slot: number;
  genesis: string | null;
  slots: number;
  geneses: number;
  close(): void;
};
const open: Node[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});
/** A node that names a genesis hash; with null it answers no question. */
async function serve(genesis: string | null): Promise<Node> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      if (node.genesis === null) return void response.writeHead(400).end('no questions here');
      const { id, method } = JSON.parse(body) as { id: unknown; method: string };
      if (method === 'getSlot') node.slots++;
      if (method === 'getGenesisHash') node.geneses++;
      const result = method === 'getGenesisHash' ? node.genesis : node.slot;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const node: Node = {
    url: `http://127.0.0.1:${port}/v0/secret-key?api-key=secret`,
    genesis,
    slot: 7,
    slots: 0,
    geneses: 0,
    close: () => void server.close(),
  };
  open.push(node);
  return node;
}
function nodesOf(
  first: Node,
  given: {
    second?: Pick<Node, 'url'>;
    ws?: Node;
    more?: readonly string[];
    each?: Pick<NodesOptions, 'weights' | 'callsPerSecond'>;
    send?: typeof fetch;
    ours?: string | null;
  } = {},
) {
  const clock = createManualClock();
  const logged: string[] = [];
  const nodes = openNodes({
    url: first.url,
    wsUrl: given.ws?.url.replace(/^http/, 'ws') ?? null,
    secondUrl: given.second?.url ?? null,
    moreUrls: given.more ?? [],
    ...given.each,
    ...(given.send === undefined ? {} : { send: given.send }),
    expect: async () => (given.ours === undefined ? OURS : given.ours),
    clock,
    elapsedMs: clock.nowMs,
    bounds: { answerMs: 5_000, read: createAnswerReader(USUAL_BOUNDS) },
    log: { ...silentLog, error: (event) => void logged.push(event) },
  });
  return { nodes, clock, logged };
}

test.each([
  ['rpc', OTHER, OURS, OURS],
  ['second rpc', OURS, OTHER, OURS],
  ['websocket', OURS, OURS, OTHER],
])(
  'a foreign %s URL ends the start, named without its key, with what was found',
  async (what, first, second, ws) => {
    const { nodes } = nodesOf(await serve(first), {
      second: await serve(second),
      ws: await serve(ws),
    });
    const refused = await nodes.holdAll().catch((thrown: unknown) => thrown as Error);
    expect(refused).toMatchObject({ code: 'chain_foreign' });
    const said = (refused as Error).message;
    expect(said).toContain(`The ${what} URL`);
    expect(said).toContain(OTHER);
    expect(said).toContain(OURS);
    expect(said).not.toContain('secret');
  },
);

test('a URL of devnet ends the start of a local ledger, named as devnet', async () => {
  const devnet = 'EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG';
  const { nodes } = nodesOf(await serve(devnet), { ours: null });
  await expect(nodes.holdAll()).rejects.toMatchObject({
    code: 'chain_foreign',
    message: expect.stringContaining(
      `${devnet} (devnet), and a local ledger takes no public cluster`,
    ),
  });
  expect(nodes.trouble()).toContain(`${devnet} (devnet)`);
});

test('a URL that does not answer at start ends nothing', async () => {
  const first = await serve(OURS);
  const mute = await serve(null);
  await nodesOf(first, { second: mute, ws: mute }).nodes.holdAll();
});

test('a node that turns foreign is not asked any more; the second one is; with none left nothing is', async () => {
  const [first, second] = [await serve(OURS), await serve(OURS)];
  const { nodes, clock, logged } = nodesOf(first, { second });
  await nodes.holdAll();
  await nodes.connection.getSlot();
  expect([first.slots, second.slots]).toEqual([1, 0]);
  first.genesis = OTHER;
  clock.advance(11_000);
  await nodes.connection.getSlot();
  expect([first.slots, second.slots]).toEqual([1, 1]);
  expect(logged).toEqual(['node.foreign']);
  expect(nodes.trouble()).toBeNull();
  expect(await nodes.first.ofOurChain()).toBe(false);

  second.genesis = OTHER;
  clock.advance(11_000);
  await expect(nodes.connection.getSlot()).rejects.toThrow(/belongs to another chain/);
  await expect(nodes.witnessed(() => nodes.connection.getSlot())).rejects.toMatchObject({
    code: 'chain_foreign',
  });
  expect(nodes.trouble()).toContain('Every RPC node');
  expect(nodes.trouble()).not.toContain('secret');

  first.genesis = OURS;
  clock.advance(11_000);
  await nodes.connection.getSlot();
  expect([first.slots, second.slots]).toEqual([2, 1]);
  expect(nodes.trouble()).toBeNull();
});

test('a node that could not be reached is asked for its chain before its next use', async () => {
  let reached = true;
  const send: typeof fetch = async (input, init) => {
    if (!reached) throw new TypeError('refused');
    return fetch(input, init);
  };
  const first = await serve(OURS);
  const { nodes } = nodesOf(first, { send });
  await nodes.holdAll();
  await nodes.connection.getSlot();
  expect(first.geneses).toBe(1);
  reached = false;
  await expect(nodes.connection.getSlot()).rejects.toThrow();
  // Another chain's node answers at the URL since. No time passes.
  reached = true;
  first.genesis = OTHER;
  await expect(nodes.connection.getSlot()).rejects.toThrow(/belongs to another chain/);
  expect(first.slots).toBe(1);
});

test('a second URL of the same node is no second witness, and is told', async () => {
  const first = await serve(OURS);
  const { nodes, logged } = nodesOf(first, { second: { url: `${first.url}#again` } });
  await nodes.holdAll();
  expect(nodes.second).toBeNull();
  expect(nodes.findings).toHaveLength(1);
  expect(logged).toEqual(['rpc.same']);
});

test('an answer of a node counts only when the node names our chain again afterwards and named no other meanwhile', async () => {
  const [first, second] = [await serve(OURS), await serve(OURS)];
  const { nodes, clock } = nodesOf(first, { second });
  const foreign = { code: 'chain_foreign' };
  expect(await nodes.witnessed(() => nodes.connection.getSlot())).toBe(7);
  // It turns to another chain right after it named ours; no time passes.
  await expect(
    nodes.witnessed(async () => {
      first.genesis = OTHER;
      return nodes.connection.getSlot();
    }),
  ).rejects.toMatchObject(foreign);
  // The second node is of our chain: its answer counts, and the first node is not asked.
  expect(await nodes.witnessed(() => nodes.connection.getSlot())).toBe(7);
  // The first node answers, is seen to be of another chain, and is of ours again at the end. Its
  // answer may come from the other chain, so it is dropped.
  first.genesis = OURS;
  clock.advance(11_000);
  await nodes.connection.getSlot();
  await expect(
    nodes.witnessed(async () => {
      const told = await nodes.connection.getSlot();
      first.genesis = OTHER;
      clock.advance(11_000);
      await nodes.connection.getSlot();
      first.genesis = OURS;
      clock.advance(11_000);
      await nodes.connection.getSlot();
      return told;
    }),
  ).rejects.toMatchObject(foreign);
  // A suspended process misses such a turn and back, so an answer does not count for that long.
  const late = (ms: number) => nodes.connection.getSlot().then(() => clock.advance(ms));
  await expect(nodes.witnessed(() => late(101_000))).rejects.toThrow(/too long/);
  await late(101_000);
  await expect(nodes.first.ofOurChain()).rejects.toThrow(/too long/);
});

test('readers that end side by side share a question that is put after all of them', async () => {
  const first = await serve(OURS);
  const { nodes } = nodesOf(first);
  await nodes.holdAll();
  const asked = first.geneses;
  const read = () => nodes.witnessed(() => nodes.connection.getSlot());
  await Promise.all(Array.from({ length: 8 }, read));
  expect(first.geneses - asked).toBeLessThan(8);
  first.genesis = OTHER;
  await expect(Promise.all([read(), read()])).rejects.toMatchObject({ code: 'chain_foreign' });
});

test('a WebSocket is opened unless its host names another chain', async () => {
  const first = await serve(OURS);
  const ws = await serve(OURS);
  const { nodes, clock } = nodesOf(first, { ws });
  expect(await nodes.admitSocket()).toBe(true);
  ws.genesis = OTHER;
  clock.advance(2_000);
  expect(await nodes.admitSocket()).toBe(false);
  // A host that answers no questions shows its chain by its slots alone. It is not asked at each
  // connection.
  ws.genesis = null;
  clock.advance(2_000);
  expect(await nodes.admitSocket()).toBe(true);
  ws.genesis = OTHER;
  expect(await nodes.admitSocket()).toBe(true);
  clock.advance(61_000);
  expect(await nodes.admitSocket()).toBe(false);
  // Where no URL of its own is set, the WebSocket is the first node's.
  const alone = nodesOf(first);
  first.genesis = OTHER;
  expect(await alone.nodes.admitSocket()).toBe(false);
});

test('further nodes share requests by weight, each at its rate, and are held to our chain; one named twice counts once', async () => {
  const [first, second, third] = [await serve(OURS), await serve(OURS), await serve(OURS)];
  const { nodes, clock, logged } = nodesOf(first, {
    second,
    more: [third.url, `${first.url}#again`, third.url],
    each: { weights: [1, 1, 2, 1, 1], callsPerSecond: [500, 40, 20, 1, 1] },
  });
  await nodes.holdAll();
  const rates = nodes.pool().map((each) => [each.name, each.callsPerSecond].join());
  expect([...rates, nodes.senders.length]).toEqual(['rpc,500', 'second rpc,40', 'rpc 3,20', 3]);
  for (let n = 0; n < 8; n++) await nodes.connection.getSlot();
  expect([first.slots, second.slots, third.slots]).toEqual([2, 2, 4]);
  third.genesis = OTHER;
  clock.advance(11_000);
  for (let n = 0; n < 4; n++) await nodes.connection.getSlot();
  expect(third.slots).toBe(4);
  expect(logged).toEqual(['node.foreign']);
});

test('a lone node is sent transactions through the pool', async () => {
  expect(nodesOf(await serve(OURS)).nodes.senders).toEqual([]);
});

test('a transaction is sent to each node, and one that takes it is enough', async () => {
  const asked: string[] = [];
  const nodeOf = (name: string, answer: () => Promise<Response>) =>
    openConnection(`http://${name}`, null, async () => {
      asked.push(name);
      return answer();
    });
  const took = async () => Response.json({ jsonrpc: '2.0', id: 1, result: 'signature' });
  const down = async (): Promise<Response> => Promise.reject(new TypeError('refused'));
  const hangs = (): Promise<Response> => new Promise(() => {});
  const send = (...answers: (() => Promise<Response>)[]) =>
    createChain(
      {
        senders: answers.map((each, index) => nodeOf(`n${index}`, each)),
        witnesses: { first: {}, second: null },
      } as never,
      {} as never,
    ).send(Uint8Array.of(1));
  await send(down, hangs, took);
  expect(asked.splice(0).sort()).toEqual(['n0', 'n1', 'n2']);
  await expect(send(down, down)).rejects.toMatchObject({ code: 'rpc_unavailable' });
});

test('nodes that told no slot for ten seconds, or lag, are asked for it; one that lags gets no reads', async () => {
  const [first, second] = [await serve(OURS), await serve(OURS)];
  const { nodes, clock } = nodesOf(first, { second });
  [first.slot, second.slot] = [1_000, 1_040];
  const read = () => nodes.connection.getSlot('confirmed');
  await nodes.lookAtSlots();
  expect([first.slots, second.slots]).toEqual([1, 1]);
  // The nodes may answer in either order. The next answer of the first one shows its lag.
  await nodes.lookAtSlots();
  clock.advance(10_001);
  await nodes.lookAtSlots();
  await expect.poll(() => nodes.pool()[0]?.lagSlots).toBe(40);
  expect(await read()).toBe(1_040);
  first.slot = 1_041;
  const asked = first.slots;
  await nodes.lookAtSlots();
  expect(first.slots).toBe(asked + 1);
  expect(await read()).toBe(1_041);
});

test('a node alone is never asked for its slot', async () => {
  const first = await serve(OURS);
  const { nodes } = nodesOf(first);
  await nodes.lookAtSlots();
  expect([first.slots, first.geneses]).toEqual([0, 0]);
});
