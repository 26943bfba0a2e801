// Hearing costs: webhooks and sockets are counted at the prices that Helius publishes.
import { expect, test } from 'vitest';
import { createHearingCosts } from '../../src/core/hearing-costs.ts';
import { creditsOf } from '../../src/core/rpc-price.ts';

test('a webhook event is a credit, an edit a hundred, a socket one, and 0.1 MB of its data two', () => {
  const credits = new Map<string, number>();
  const costs = createHearingCosts('node', ({ method, node, source, times }) => {
    const key = `${method} ${node} ${source}`;
    credits.set(key, (credits.get(key) ?? 0) + times * creditsOf(method));
  });
  costs.onEvents(0);
  costs.onEvents(7);
  costs.onEdit();
  costs.onOpened();
  // A thousand messages of 1,049 bytes are 1.049 MB: 20 whole credits, and the rest is kept.
  for (let n = 0; n < 1_000; n++) costs.onBytes(1_049);
  expect(Object.fromEntries(credits)).toEqual({
    'webhook_event helius webhooks': 7,
    'webhook_edit helius webhooks': 100,
    'socket_opened node subscriptions': 1,
    'socket_data node subscriptions': 20,
  });
  costs.onBytes(1_000);
  expect(credits.get('socket_data node subscriptions')).toBe(21);
});

test('nothing is spent for no event, and for data that makes no whole credit yet', () => {
  const spent: string[] = [];
  const costs = createHearingCosts('node', ({ method }) => void spent.push(method));
  costs.onEvents(0);
  costs.onBytes(10);
  expect(spent).toEqual([]);
  costs.onEvents(1);
  expect(spent).toEqual(['webhook_event']);
});
