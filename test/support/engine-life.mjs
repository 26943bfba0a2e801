// Engine life: the packed gate client against a stream on a real socket, in plain JavaScript, so that every Node that the
// client supports can run it: it becomes ready, hears of a runaway, loses the stream, and comes back where it was.
import { createServer } from 'node:http';
import { createGateClient } from '@bailiff/gate-client';

const NONCE = '11111111-2222-4333-8444-555555555555';
const entry = (standing, revision) => ({
  subscriber: 'ana',
  agentWallet: '7v54NWdBtkjuAFJrLGsS2SXnuk8nKam81mZJeeYxVFi9',
  standing,
  outstanding: standing === 'good' ? '0' : '5',
  owedSince: null,
  reason: standing === 'good' ? null : 'Withdrew 5 USDC on chain while owing.',
  evidence: null,
  revision: String(revision),
});
const message = (event, data, id) =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
const beat = (revision) => ({
  revision: String(revision),
  asOfSlot: 7,
  ageMs: 0,
  doubt: null,
  doubted: [],
  doubts: [],
});
const HELLO = { staleAfterMs: 60_000, failOpen: false, outstandingMost: null, owedForMsMost: null };

const since = [];
let stream = null;
const server = createServer((request, response) => {
  since.push(request.headers['last-event-id'] ?? null);
  stream = response;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(message('hello', HELLO));
  if (since.length === 1) response.write(message('entries', [entry('good', 1)]));
  const revision = since.length;
  response.write(message('live', { revision: String(revision) }, `${revision}:${NONCE}`));
  response.write(message('beat', beat(revision)));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;

const gate = createGateClient({ url, apiKey: 'k' });
const print = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const said = (what) => print(what, gate.state, gate.decide('ana', 'open').verdict);
await gate.ready({ timeoutMs: 20_000 });
said('ready');
const changed = new Promise((resolve) =>
  gate.onChange((_subscriber, now) => resolve(now.standing)),
);
stream.write(message('change', entry('delinquent', 2), `2:${NONCE}`));
stream.write(message('beat', beat(2)));
print('change', await changed);
said('changed');
stream.destroy();
while (since.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
await gate.ready({ timeoutMs: 20_000 });
while (gate.state !== 'live') await new Promise((resolve) => setTimeout(resolve, 10));
said('back');
print('since', JSON.stringify(since));
gate.close();
said('closed');
server.closeAllConnections();
server.close();
