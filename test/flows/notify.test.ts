// Notify: an event is tried for days and given up on record, an endpoint that takes nothing is
// disabled and goes on where it was, and what is not the receiver's fault says nothing against it.
import { expect, test, vi } from 'vitest';
import { DEAD_AFTER_MS, RETRIES_MS } from '../../src/core/endpoint.ts';
import { createNotify } from '../../src/flows/notify.ts';
import { tell } from '../../src/ledger/outbox.ts';
import { spoilEndpointSecrets } from '../support/damage.ts';
import { putFirst } from '../support/haste.ts';
import { withEndpoint } from '../support/receiver.ts';
import { eventsIn } from '../support/rows.ts';

test('an endpoint that is down is tried for days, then given up on record, and never holds another event up', async () => {
  await using made = await withEndpoint();
  const { ledger, sql, receiver, clock, run } = made;
  receiver.state.status = 500;
  await tell(sql, 'venue.resumed', null, { waiting: 1 });
  const attempts: number[] = [];
  for (const wait of [0, ...RETRIES_MS]) {
    clock.advance(Math.ceil(wait * 0.9));
    await run();
    attempts.push(receiver.received.length);
    clock.advance(Math.ceil(wait * 0.2));
    await run();
  }
  // The event was sent at each of its times, once, and never before.
  expect(receiver.received).toHaveLength(RETRIES_MS.length + 1);
  expect(await ledger.endpoints.deliveries('e1', { limit: 5 })).toMatchObject([
    { state: 'failed', attempts: RETRIES_MS.length + 1, outcome: 'answered 500', dueAtMs: null },
  ]);
  receiver.state.status = 200;
  await tell(sql, 'venue.resumed', null, { waiting: 2 });
  await run();
  expect(receiver.received.at(-1)?.body).toContain('"waiting":2');
  await ledger.endpoints.replay('e1', 0);
  await run();
  expect(receiver.received.at(-2)?.body).toContain('"waiting":1');
});

test('an endpoint that takes nothing for days is disabled and reported, and goes on where it was once enabled', async () => {
  await using made = await withEndpoint();
  const { ledger, sql, receiver, clock, run } = made;
  receiver.state.status = 302;
  receiver.state.location = 'http://127.0.0.1:1/elsewhere';
  for (let day = 0; day * 86_400_000 <= DEAD_AFTER_MS + 86_400_000; day++) {
    await tell(sql, 'venue.resumed', null, { waiting: day });
    await run();
    clock.advance(86_400_000);
  }
  const [dead] = await ledger.endpoints.list();
  expect(dead?.disabled?.why).toMatch(/nothing for days: answered 302/);
  const seen = receiver.received.length;
  clock.advance(86_400_000);
  await run();
  expect(receiver.received).toHaveLength(seen);
  const told = (await eventsIn({ sql })).map(({ kind }) => kind);
  expect(told.filter((kind) => kind === 'endpoint.disabled')).toHaveLength(1);
  receiver.state.status = 200;
  await ledger.endpoints.enable('e1');
  while (await run());
  expect(receiver.kinds().at(-1)).toBe('endpoint.disabled');
  receiver.state.status = 410;
  await tell(sql, 'venue.resumed', null, { waiting: 0 });
  await run();
  expect((await ledger.endpoints.list())[0]?.disabled?.why).toContain('410');
});

test('an endpoint that is enabled while it fails is tried at once with what waits', async () => {
  await using made = await withEndpoint();
  const { ledger, sql, receiver, run, clock } = made;
  receiver.state.status = 500;
  await tell(sql, 'venue.resumed', null, { waiting: 1 });
  await run();
  const [waits] = await ledger.endpoints.deliveries('e1', { limit: 1 });
  expect(waits?.dueAtMs).toBeGreaterThan(clock.nowMs() + 4_000);
  receiver.state.status = 200;
  await run();
  expect(receiver.received).toHaveLength(1);
  await ledger.endpoints.enable('e1');
  await run();
  expect(receiver.received).toHaveLength(2);
  expect(await ledger.endpoints.list()).toMatchObject([{ failingSinceMs: null }]);
});

test('a signing secret that does not open holds its events back, and says nothing against the endpoint', async () => {
  await using made = await withEndpoint();
  const { ledger, sql, receiver, clock, run, isWrong } = made;
  const mend = await spoilEndpointSecrets({ sql });
  await tell(sql, 'venue.resumed', null, { waiting: 1 });
  const endpoint = async () => (await ledger.endpoints.list())[0];
  for (let day = 0; day < 7; day++) {
    await run();
    clock.advance(86_400_000);
  }
  expect(receiver.received).toHaveLength(0);
  expect(await endpoint()).toMatchObject({ failingSinceMs: null, disabled: null });
  expect(await ledger.endpoints.deliveries('e1', { limit: 5 })).toMatchObject([
    { state: 'pending', attempts: 0, outcome: expect.stringContaining('does not open') },
  ]);
  await mend();
  // With a wrong master key nothing is even looked at.
  isWrong({ code: 'master_key_wrong', detail: '' });
  expect(await run()).toBe(false);
  expect(receiver.received).toHaveLength(0);
  isWrong(null);
  await run();
  expect(receiver.received).toHaveLength(1);
});

test('an endpoint that does not answer holds up no event of another, and is sent its rest afterwards', async () => {
  await using made = await withEndpoint();
  const { ledger, sql, clock, ports, add } = made;
  const slow = await add('slow', 'https://slow.example/hooks');
  for (let n = 0; n < 30; n++) await tell(sql, 'venue.resumed', null, { waiting: n });
  // What the slow endpoint has to take became due before everything else.
  await putFirst(made, 'slow');
  const answer = Promise.withResolvers<number>();
  const sent = { slow: 0, other: 0 };
  const onFree = vi.fn<() => void>();
  const notify = createNotify(
    {
      ...ports,
      clock: { ...clock, sleep: async () => {} },
      sender: {
        ...ports.sender,
        async send({ url }) {
          sent[url === slow.url ? 'slow' : 'other']++;
          return url === slow.url ? answer.promise : 204;
        },
      },
    },
    onFree,
  );
  const othersHaveAll = async () => {
    await notify.run();
    const rest = await ledger.endpoints.deliveries('e1', { state: 'pending', limit: 1 });
    expect(rest).toEqual([]);
  };
  await vi.waitFor(othersHaveAll, 5_000);
  // Both endpoints had half of the first batch. One that still owes answers is sent nothing more.
  expect(sent).toEqual({ slow: 10, other: 30 });
  onFree.mockClear();
  answer.resolve(204);
  await notify.drained();
  expect(onFree).toHaveBeenCalledTimes(1);
  await notify.run();
  await notify.drained();
  expect(sent.slow).toBe(30);
});

test('an endpoint that accepts an event is not disabled for one that was claimed while it failed', async () => {
  await using made = await withEndpoint();
  const { ledger, sql, clock, ports } = made;
  const endpoint = () => ledger.endpoints.find('e1');
  await ledger.endpoints.refused('e1', 'none', 'down', null, clock.nowMs() - DEAD_AFTER_MS - 1);
  for (const waiting of [1, 2]) await tell(sql, 'venue.resumed', null, { waiting });
  const accepted = async () => expect(await endpoint()).toMatchObject({ failingSinceMs: null });
  const notify = createNotify(
    {
      ...ports,
      sender: {
        ...ports.sender,
        async send({ body }) {
          if (body.includes('"waiting":1')) return 200;
          await vi.waitFor(accepted, 5_000);
          return 500;
        },
      },
    },
    () => {},
  );
  await notify.run();
  await notify.drained();
  expect(await endpoint()).toMatchObject({ failingSinceMs: clock.nowMs(), disabled: null });
});
