// Sender: what the doctor says of the sender endpoint: its tips, its answers, and accounts that
// cannot be right. It is named by its host alone.
import { expect, test } from 'vitest';
import { openConnection } from '../../src/chain/rpc.ts';
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../src/core/programs.ts';
import { ofAnswers, ofTips } from '../../src/probes/sender.ts';
import { loadSettings } from '../../src/system/settings.ts';
import { addressOf } from '../support/ledger.ts';

const HOST = 'sender.example';
const call = (method: string, calls: number, node = HOST, source = 'sender') => ({
  method,
  calls,
  node,
  source,
  credits: 0,
});

test('the answers of a month are counted for the sender of the settings alone', () => {
  expect(ofAnswers(HOST, [call('getSlot', 9, HOST, 'nodes')])).toEqual([]);
  const usage = [call('senderTook', 96), call('senderRefused', 4), call('senderRefused', 9, 'b')];
  expect(ofAnswers(HOST, usage)).toMatchObject([
    { state: 'ok', says: 'sender.example: of 100 sends this month it did not take 4 (4 %)' },
  ]);
  const bad = [call('senderTook', 79), call('senderRefused', 21)];
  expect(ofAnswers(HOST, bad)).toMatchObject([{ state: 'warning' }]);
});

test('an account of tips that does not exist, or is a token account, is wrong', async () => {
  const accounts = [1, 2, 3, 4].map(addressOf);
  const seen = [SYSTEM_PROGRAM, TOKEN_PROGRAM, addressOf(9)].map((owner) => ({
    owner,
    lamports: 1,
    executable: false,
    rentEpoch: 0,
    data: ['', 'base64'],
  }));
  const value = [...seen, null];
  const node = openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const { id } = JSON.parse(String(init?.body)) as { id: unknown };
    return Response.json({ jsonrpc: '2.0', id, result: { context: { slot: 1 }, value } });
  });
  const { rpc, payments } = loadSettings({});
  const sender = { tip: '5000', tipLeast: '5000', tipMost: '9000', accounts };
  const found = await ofTips(node, {
    rpc: { ...rpc, senderUrl: `https://${HOST}/fast?api-key=secret` },
    payments: { ...payments, sender },
  });
  expect(found.map(({ state }) => state)).toEqual(['ok', 'wrong', 'wrong']);
  expect(found.map(({ says }) => says)).toEqual([
    `${HOST}: a tip of 5000 lamports (it takes 5000, the pen signs 9000), accounts: 4`,
    `${addressOf(2)} is a program or a token account, and no sender publishes such a one`,
    `${addressOf(4)} does not exist: a payment that tips it would fail`,
  ]);
  expect(await ofTips(node, { rpc, payments })).toEqual([]);
});
