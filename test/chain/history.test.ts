// History: where a walk through an account's history ends, when one URL stands for nodes of which
// some have pruned.
import { expect, test } from 'vitest';
import { type Remembered, walk } from '../../src/chain/history.ts';
import { carrierOf, openConnection } from '../../src/chain/rpc.ts';
import { toldBy } from '../../src/chain/teller.ts';
import { addressOf, signatureOf } from '../support/ledger.ts';

type Row = { signature: string; slot: number; memo: null; err: null };
type Question = { id: unknown; method: string; params: [string, { before?: string }] };
/**
 * A node: the rows that it keeps, newest first, the first block that it says to have, and where its
 * blocks begin in truth.
 */
type Node = {
  readonly rows: readonly Row[];
  readonly first: number;
  readonly begins?: number;
  /** The parent of its first block; left out, the slot before. */
  readonly parent?: number;
};
const row = (n: number, slot: number): Row => ({
  signature: signatureOf(n),
  slot,
  memo: null,
  err: null,
});
const ALL = [row(3, 300), row(2, 200), row(1, 150)];
const full: Node = { rows: ALL, first: 0 };
const pruned: Node = { rows: [row(3, 300)], first: 250 };

const tell = ({ rows, first, begins = first, parent }: Node, { id, method, params }: Question) => {
  const jsonrpc = '2.0';
  if (method === 'getBlocks') {
    const [from, to] = params as unknown as [number, number];
    const length = Math.max(0, to - Math.max(from, begins) + 1);
    const result = Array.from({ length }, (_, index) => Math.max(from, begins) + index);
    return { jsonrpc, id, result };
  }
  if (method === 'getBlock') {
    const slot = Number(params[0]);
    const hashes = { blockhash: signatureOf(1), previousBlockhash: signatureOf(2) };
    const parentSlot = slot === begins ? (parent ?? slot - 1) : slot - 1;
    const result = { ...hashes, parentSlot, blockHeight: slot, blockTime: null };
    return { jsonrpc, id, result };
  }
  if (method === 'getFirstAvailableBlock') return { jsonrpc, id, result: first };
  const from = rows.findIndex((each) => each.signature === params[1].before) + 1;
  const known = params[1].before === undefined || from > 0;
  return { jsonrpc, id, result: known ? rows.slice(from) : [] };
};

/**
 * A URL whose requests are answered by these nodes in turn, the last of them for ever. A batch is
 * one request.
 */
function pool(
  nodes: readonly Node[],
  batches: 'taken' | 'refused' | 'refused by method' = 'taken',
) {
  const asked: string[] = [];
  let at = 0;
  const connection = openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const body = JSON.parse(String(init?.body)) as Question | Question[];
    if (Array.isArray(body) && batches === 'refused') {
      asked.push('refused');
      return new Response('no batches', { status: 400 });
    }
    const node = nodes[Math.min(at++, nodes.length - 1)] ?? full;
    if (!Array.isArray(body)) {
      asked.push(body.method);
      return Response.json(tell(node, body));
    }
    asked.push('batch');
    return Response.json(
      body.map((each) =>
        batches === 'refused by method' && each.method === 'getSignaturesForAddress'
          ? { jsonrpc: '2.0', id: each.id, error: { code: -32600, message: 'no batches' } }
          : tell(node, each),
      ),
    );
  });
  return { connection, asked };
}
type Pool = ReturnType<typeof pool>;
/** A URL at which one of these nodes answers pages and batches, and another one all else. */
const walkable = ([node]: readonly [Node], other: Node) =>
  openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const body = JSON.parse(String(init?.body)) as Question | Question[];
    if (Array.isArray(body)) return Response.json(body.map((each) => tell(node, each)));
    return Response.json(tell(body.method.startsWith('getBlock') ? other : node, body));
  });
const walked = async (
  { connection }: Pool,
  given: { second?: Pool; remembered?: Remembered; afterSlot?: number } = {},
) => {
  const { second, remembered = new Map(), afterSlot = 100 } = given;
  const history = { connection, second: second?.connection ?? null, remembered, rowsMost: 1_000 };
  const rows = await walk(history, addressOf(1), afterSlot, 900, 'finalized');
  return rows.map((each) => each.slot);
};
const UNANSWERED = { code: 'rpc_unavailable' };

test('an empty page is an end at once where the same node says that its history reaches', async () => {
  const url = pool([full]);
  expect(await walked(url)).toEqual([150, 200, 300]);
  const pages = ['getSignaturesForAddress', 'getSignaturesForAddress', 'batch'];
  expect(url.asked).toEqual(pages);
});

test('a node that names an early first block and does not show it has not shown an end', async () => {
  // Its blocks begin at slot 250, and so do its rows, as where a node has pruned.
  const lying: Node = { ...pruned, first: 0, begins: 250 };
  for (const batches of ['taken', 'refused'] as const)
    await expect(walked(pool([lying], batches))).rejects.toMatchObject(UNANSWERED);
  expect(await walked(pool([lying, lying, lying, full]))).toEqual([150, 200, 300]);
});

test('blocks that another node of the URL shows say nothing about an empty page', async () => {
  // The pruned node gives the page and each batch, and the other answers what is asked beside them.
  const lying: Node = { ...pruned, first: 0, begins: 250 };
  const shown = { connection: walkable([lying], full), asked: [] };
  await expect(walked(shown)).rejects.toMatchObject(UNANSWERED);
});

test('where a cluster stood still, the blocks are looked for in a wider window of the same node', async () => {
  // No block between slot 100 and slot 850, which says that its parent is slot 100.
  const still: Node = { rows: [row(3, 870)], first: 0, begins: 850, parent: 100 };
  const url = pool([still]);
  expect(await walked(url)).toEqual([870]);
  expect(url.asked).toEqual([
    'getSignaturesForAddress',
    'getSignaturesForAddress',
    'batch',
    'batch',
    'getBlock',
  ]);
});

test('an empty page of a pruned node is no end, whatever other nodes of the URL say of their reach', async () => {
  // The pruned node gives two pages and one batch; then a node with the whole history is asked.
  const url = pool([pruned, pruned, pruned, full]);
  expect(await walked(url)).toEqual([150, 200, 300]);
  await expect(walked(pool([pruned]))).rejects.toMatchObject(UNANSWERED);
});

test('a row at or below the asked slot is an end that nobody is asked about', async () => {
  const url = pool([{ rows: [...ALL, row(0, 90)], first: 0 }]);
  expect(await walked(url)).toEqual([150, 200, 300]);
  expect(url.asked).toEqual(['getSignaturesForAddress']);
});

test.each(['refused', 'refused by method'] as const)(
  'batches %s: eight empty pages, each beside a node that reaches back, are an end',
  async (batches) => {
    const url = pool([full], batches);
    expect(await walked(url)).toEqual([150, 200, 300]);
    const apart = url.asked.filter((each) => each === 'getFirstAvailableBlock');
    expect(apart).toHaveLength(8);
    // Ten calls: the first page, an empty page, and one page in each of eight pairs.
    expect(url.asked.filter((each) => each === 'getSignaturesForAddress')).toHaveLength(10);
    await expect(walked(pool([full, full, pruned], batches))).rejects.toMatchObject(UNANSWERED);
  },
);

test('batches refused: a node that has pruned, seen once among them, makes empty pages no end', async () => {
  // Two nodes answer each pair of an empty page and a reach. The pruned node gives the pages; in
  // the third pair it also gives its own reach.
  const pairs = (count: number) => Array.from({ length: count }, () => [pruned, full]).flat();
  const nodes = [pruned, pruned, ...pairs(2), pruned, pruned, ...pairs(20)];
  await expect(walked(pool(nodes, 'refused'))).rejects.toMatchObject(UNANSWERED);
});

test('batches refused: an empty page of a node whose history begins later is no end, whatever others show', async () => {
  // The pruned node tells its own reach, and a node with the whole history shows the blocks.
  const connection = openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const body = JSON.parse(String(init?.body)) as Question | Question[];
    if (Array.isArray(body)) return new Response('no batches', { status: 400 });
    return Response.json(tell(body.method.startsWith('getBlock') ? full : pruned, body));
  });
  await expect(walked({ connection, asked: [] })).rejects.toMatchObject(UNANSWERED);
});

test('batches refused: the second provider must show the same end, and its rows count', async () => {
  const short: Node = { rows: [row(3, 300)], first: 0 };
  const first = () => pool([short], 'refused');
  const urls = [pool([short], 'refused'), pool([short], 'refused')] as const;
  expect(await walked(urls[0], { second: urls[1] })).toEqual([300]);
  // Eight empty pages from both: four of each.
  for (const { asked } of urls)
    expect(asked.filter((each) => each === 'getFirstAvailableBlock')).toHaveLength(4);
  // A signature that only the second node has counts, once a node of the second URL whose history
  // reaches back far enough was asked.
  expect(await walked(first(), { second: pool([pruned, full]) })).toEqual([150, 200, 300]);
  await expect(walked(first(), { second: pool([pruned]) })).rejects.toMatchObject(UNANSWERED);
});

test('batches refused: the first provider must show the end of a page that the second one gave', async () => {
  const second = pool([pruned, { ...pruned, first: 0 }], 'refused');
  const first = pool([full], 'refused');
  // A pool whose first node is at rest: its questions go to the second one.
  const connection = openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const carry = carrierOf(second.connection);
    if (carry === undefined) throw new Error('no carrier');
    return toldBy(await carry(String(init?.body)), second.connection);
  });
  const history = { connection, first: first.connection, second: second.connection };
  const bounds = { remembered: new Map(), rowsMost: 1_000 };
  const rows = await walk({ ...history, ...bounds }, addressOf(1), 100, 900, 'finalized');
  expect(rows.map((each) => each.slot)).toEqual([150, 200, 300]);
});

test('both refuse batches: one empty page of each is no end, because each may come from a pruned node', async () => {
  // At either URL a pruned node gives the empty page, and one with the whole history its reach.
  const second = pool([pruned, full], 'refused');
  const url = pool([pruned, pruned, pruned, full], 'refused');
  expect(await walked(url, { second })).toEqual([150, 200, 300]);
  // A pruned node of the second URL that is met after other empty pages makes them no end.
  const later = pool([pruned, full, full, full, pruned], 'refused');
  const short: Node = { rows: [row(3, 300)], first: 0 };
  await expect(walked(pool([short], 'refused'), { second: later })).rejects.toMatchObject(
    UNANSWERED,
  );
});

test('a node that repeats a page, or ignores where it begins, gave no answer, and is not asked for ever', async () => {
  const answering = (pages: readonly (readonly Row[])[]) => {
    let asked = 0;
    const connection = openConnection('http://127.0.0.1:1', null, async (_, init) => {
      if (++asked > 20) throw new Error('asked for ever');
      const { id } = JSON.parse(String(init?.body)) as Question;
      return Response.json({
        jsonrpc: '2.0',
        id,
        result: pages[Math.min(asked, pages.length) - 1],
      });
    });
    return { connection, asked: [] };
  };
  const refused = expect.objectContaining({
    ...UNANSWERED,
    message: expect.stringContaining('the page does not begin before'),
  });
  // The same page again; and, while transactions arrive, the newest page again.
  await expect(walked(answering([ALL]))).rejects.toEqual(refused);
  await expect(walked(answering([ALL, [row(9, 400), row(8, 350)]]))).rejects.toEqual(refused);
  // Rows of one slot stand on two pages.
  const split = [[row(4, 300), row(3, 300)], [row(2, 300)], [row(1, 90)]];
  expect(await walked(answering(split))).toEqual([300, 300, 300]);
});

test('rows of a batch are checked as those of a page are', async () => {
  const odd = { ...row(1, 150), slot: 'no slot' } as unknown as Row;
  // The first page is empty, so that the rows come in the batch that asks for the reach as well.
  const nodes = [
    { rows: [], first: 0 },
    { rows: [odd], first: 0 },
  ];
  await expect(walked(pool(nodes))).rejects.toMatchObject(UNANSWERED);
});

test('the place of a transaction in its block is kept where the node tells it', async () => {
  const rows = [{ ...row(2, 200), transactionIndex: 7 }, row(1, 200), row(0, 90)];
  const { connection } = pool([{ rows, first: 0 }]);
  const history = { connection, second: null, remembered: new Map(), rowsMost: 9 };
  const told = await walk(history, addressOf(1), 100, 900, 'finalized');
  expect(told.map((each) => each.blockIndex)).toEqual([null, 7]);
});

test('a node that keeps a slot must show again what it is known to hold', async () => {
  const remembered: Remembered = new Map();
  const before = { rows: [row(1, 150)], first: 0 };
  expect(await walked(pool([before]), { remembered, afterSlot: 160 })).toEqual([]);
  expect(remembered.get(addressOf(1))).toBe(150);
  // An index that has lost its rows, at a node that keeps the blocks.
  const lost = pool([{ rows: [], first: 0 }]);
  await expect(walked(lost, { remembered, afterSlot: 160 })).rejects.toMatchObject(UNANSWERED);
  // A node that has pruned them since says so, and is believed.
  const later = pool([{ rows: [], first: 155 }]);
  expect(await walked(later, { remembered, afterSlot: 160 })).toEqual([]);
});

test('a URL that does not answer a batch is asked again later', async () => {
  let at = 0;
  const connection = openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const body = JSON.parse(String(init?.body)) as Question | Question[];
    at++;
    return Array.isArray(body)
      ? new Response('busy', { status: 429 })
      : Response.json(tell({ rows: [], first: 0 }, body));
  });
  const url: Pool = { connection, asked: [] };
  await expect(walked(url)).rejects.toMatchObject(UNANSWERED);
  expect(at).toBe(2);
});

test('of a history longer than the bound the oldest rows are returned, and the last one says that it goes on', async () => {
  const rows = [700, 600, 500, 400, 300, 200].map((slot, index) => row(index + 1, slot));
  // Each page has one row, so a short page does not end the history.
  let pages = 0;
  const node = openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const body = JSON.parse(String(init?.body)) as Question | Question[];
    const answer = (each: Question) => {
      const told = tell({ rows, first: 0 }, each);
      return Array.isArray(told.result) ? { ...told, result: told.result.slice(0, 1) } : told;
    };
    pages++;
    return Response.json(Array.isArray(body) ? body.map(answer) : answer(body));
  });
  const bounded = (afterSlot: number, rowsMost: number) =>
    walk(
      { connection: node, second: null, remembered: new Map(), rowsMost },
      addressOf(1),
      afterSlot,
      900,
      'finalized',
    ).then((told) => told.map(({ slot, goesOn }) => [slot, goesOn ?? false]));
  expect(await bounded(100, 2)).toEqual([
    [200, false],
    [300, true],
  ]);
  // Six rows, the empty page, and the same with the first block and the block after slot 100.
  expect(pages).toBe(8);
  expect(await bounded(300, 4)).toEqual([400, 500, 600, 700].map((slot) => [slot, false]));
});
