// Client: the states that an engine sees while the stream begins, falls silent, breaks off and
// comes back, with a clock and a stream that the test controls.
import { expect, test } from 'vitest';
import type { GateSnapshot } from '../../src/gate-client/client.ts';
import { beat, entry, HELLO, NONCES, openEngine, refused, text, whole } from '../support/engine.ts';

test('before the first contact the reason names what hinders it, and ready() ends in time', async () => {
  const { gate, request, settle, pass, states } = openEngine({ apiKey: 'key\n' });
  expect(request().headers).toMatchObject({
    authorization: 'Bearer key',
    'accept-encoding': 'identity',
  });
  const ready = gate.ready({ timeoutMs: 400 }).catch((thrown: unknown) => thrown);
  request().fail(refused());
  await settle();
  const reason = 'Bailiff has not been reached yet: the connection was refused (ECONNREFUSED).';
  expect(gate.decide('ana', 'open')).toMatchObject({ verdict: 'unknown', allow: false, reason });
  expect(gate.decide('ana', 'close')).toMatchObject({ verdict: 'allow', allow: true });
  await pass(400);
  expect(await ready).toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('after 400 ms: the connection was refused (ECONNREFUSED).'),
  });
  request().answer(new Response('', { status: 401 }));
  await settle();
  expect(gate.decide('ana', 'open').reason).toContain('the API key was not accepted (401)');
  await pass(15_000);
  request().answer(new Response('<html>', { headers: { 'content-type': 'text/html' } }));
  await settle();
  expect(gate.why).toBe('the url answers with text/html, which is no stream');
  expect(states.every((each) => each.startsWith('hydrating: '))).toBe(true);
  const waiting = gate.ready().catch((thrown: unknown) => thrown);
  gate.close();
  expect(await waiting).toMatchObject({ code: 'closed' });
  await expect(gate.ready()).rejects.toMatchObject({ code: 'closed' });
});

test('an action that is none is denied', async () => {
  const { gate, request, settle } = openEngine();
  request()
    .stream()
    .write(whole([entry('ana', 1)], `1:${NONCES[0]}`));
  await settle();
  await gate.ready({ timeoutMs: 1 });
  expect(gate.decide('ana', 'open').verdict).toBe('allow');
  for (const action of ['opn', '', 'OPEN', undefined, null])
    expect(gate.decide('ana', action as never)).toMatchObject({ verdict: 'deny', allow: false });
  gate.close();
  expect(gate.decide('ana', 'open')).toMatchObject({ verdict: 'unknown', allow: false });
});

test('a silent stream is left after 5 s, and its silence is told apart from a chain that nobody sees', async () => {
  const { gate, request, requests, settle, pass, states } = openEngine();
  const stream = request().stream();
  stream.write(whole([entry('ana', 1)], `1:${NONCES[0]}`));
  await settle();
  for (let second = 0; second < 12; second++) {
    await pass(1_000);
    stream.write(text('beat', beat(null, 1_000 * (second + 1))));
  }
  await settle();
  expect(gate.state).toBe('live');
  expect(gate.decide('ana', 'open')).toMatchObject({
    verdict: 'unknown',
    reason: expect.stringContaining('The chain has not been seen recently'),
  });
  stream.write(text('beat', beat(null, 0, 8)));
  await pass(4_900);
  // Bytes that a proxy adds to keep a connection open are no beat.
  stream.write(': ping\n\n');
  await pass(100);
  expect(gate.state).toBe('reconnecting');
  expect(gate.decide('ana', 'open').verdict).toBe('allow');
  await pass(130);
  expect(requests()).toBe(2);
  expect(request().headers['last-event-id']).toBe(`1:${NONCES[0]}`);
  await pass(4_980);
  expect(gate.state).toBe('stale');
  expect(gate.decide('ana', 'open')).toMatchObject({ verdict: 'unknown', stale: true });
  expect(gate.decide('ana', 'open').reason).toMatch(/^The stream from Bailiff broke off 5 s ago: /);
  await pass(3_000);
  request()
    .stream()
    .write(
      text('hello', HELLO) +
        text('live', { revision: '1' }, `1:${NONCES[0]}`) +
        text('beat', beat(null, 0, 9)),
    );
  await settle();
  expect(gate.decide('ana', 'open').verdict).toBe('allow');
  expect(
    states.map((each) => each.split(':')[0]).filter((each, at, all) => each !== all[at - 1]),
  ).toEqual(['live', 'reconnecting', 'stale', 'live']);
});

test('a doubt about one subscriber counts at once, beside those of the last beat, and the next beat replaces all', async () => {
  const { gate, request, settle } = openEngine();
  const stream = request().stream();
  stream.write(whole([entry('ana', 1), entry('bo', 2), entry('cy', 3)], `3:${NONCES[0]}`));
  stream.write(text('beat', { ...beat(), doubted: ['bo'] }));
  stream.write(text('doubt', { subscriber: 'ana', reason: 'Value has left.' }));
  await settle();
  const verdicts = () => ['ana', 'bo', 'cy'].map((id) => gate.decide(id, 'open').verdict);
  expect(verdicts()).toEqual(['unknown', 'unknown', 'allow']);
  expect(gate.decide('ana', 'open').reason).toBe('Value has left.');
  expect(gate.decide('ana', 'close').verdict).toBe('allow');
  stream.write(text('beat', { ...beat(), doubted: ['cy'] }));
  await settle();
  expect(verdicts()).toEqual(['allow', 'allow', 'unknown']);
});

test('a stream that is opened and held back is told as that', async () => {
  const { gate, request, pass, settle } = openEngine();
  request().stream();
  await settle();
  expect(gate.decide('ana', 'open').reason).toContain('its roster is being read');
  await pass(5_000);
  expect(gate.decide('ana', 'open').reason).toContain('a proxy may hold it back');
});

test('after an outage of any length the next attempt comes within 3 s, and within 15 s after a refusal', async () => {
  const { request, requests, pass, settle } = openEngine({ random: () => 0.999 });
  for (let attempt = 0; attempt < 20; attempt++) {
    request().fail(refused());
    await settle();
    const before = requests();
    await pass(3_000);
    expect(requests()).toBe(before + 1);
  }
  request().answer(new Response('', { status: 403 }));
  await settle();
  const before = requests();
  await pass(3_000);
  expect(requests()).toBe(before);
  await pass(12_000);
  expect(requests()).toBe(before + 1);
});

test('listeners are told of changes, and of what a new hydration changed or no longer has', async () => {
  const faults: unknown[] = [];
  const { gate, request, pass, settle } = openEngine({
    onListenerError: (thrown) => faults.push(thrown),
  });
  const told: string[] = [];
  gate.onChange(() => {
    throw new Error('of the engine');
  });
  const stop = gate.onChange((subscriber, now) => told.push(`${subscriber} ${now?.standing}`));
  const first = request().stream();
  first.write(whole([entry('ana', 1), entry('bo', 2), entry('cy', 3)], `3:${NONCES[0]}`));
  await settle();
  expect(told).toEqual([]);
  const change = text('change', entry('ana', 4, 'delinquent'), `4:${NONCES[0]}`);
  first.write(change + change);
  await settle();
  expect(told).toEqual(['ana delinquent']);
  expect(faults).toHaveLength(1);
  first.end();
  await pass(250);
  expect(request().headers['last-event-id']).toBe(`4:${NONCES[0]}`);
  // The ledger lost revisions 3 and 4, and gave 3 out again.
  request()
    .stream()
    .write(whole([entry('ana', 1), entry('bo', 3, 'delinquent')], `3:${NONCES[1]}`));
  await settle();
  expect(told).toEqual(['ana delinquent', 'ana good', 'bo delinquent', 'cy undefined']);
  expect(gate.decide('bo', 'open').verdict).toBe('deny');
  stop();
});

test('a hydration that is cut in the middle leaves what was known', async () => {
  const { gate, request, pass, settle } = openEngine();
  const first = request().stream();
  first.write(whole([entry('ana', 1), entry('bo', 2)], `2:${NONCES[0]}`));
  await settle();
  first.end();
  await pass(250);
  const second = request().stream();
  second.write(text('hello', HELLO) + text('entries', [entry('ana', 1)]));
  await settle();
  second.end();
  await pass(500);
  expect(gate.size).toBe(2);
  request()
    .stream()
    .write(
      text('hello', HELLO) +
        text('live', { revision: '2' }, `2:${NONCES[0]}`) +
        text('beat', beat()),
    );
  await settle();
  expect(gate.size).toBe(2);
  expect(gate.decide('bo', 'open').verdict).toBe('allow');
});

test('a snapshot denies debtors at once, vouches while it is fresh, and asks for changes only', async () => {
  const before = openEngine();
  expect(before.gate.snapshot()).toBeNull();
  before
    .request()
    .stream()
    .write(whole([entry('ana', 1), entry('bo', 2, 'delinquent')], `2:${NONCES[0]}`));
  await before.settle();
  const snapshot = JSON.parse(JSON.stringify(before.gate.snapshot())) as GateSnapshot;
  before.gate.close();

  const { gate, request, pass, settle } = openEngine({ fromSnapshot: snapshot });
  expect(gate.state).toBe('hydrating');
  expect(request().headers['last-event-id']).toBe(`2:${NONCES[0]}`);
  expect(gate.decide('ana', 'open').verdict).toBe('allow');
  expect(gate.decide('bo', 'open')).toMatchObject({ verdict: 'deny', reason: 'Ran.' });
  request().fail(refused());
  await pass(10_001);
  expect(gate.decide('bo', 'open').verdict).toBe('deny');
  expect(gate.decide('ana', 'open')).toMatchObject({
    verdict: 'unknown',
    allow: false,
    reason: expect.stringContaining('What is known is from a snapshot taken 10 s ago.'),
  });
  request()
    .stream()
    .write(
      text('hello', HELLO) +
        text('live', { revision: '2' }, `2:${NONCES[0]}`) +
        text('beat', beat(null, 0, 8)),
    );
  await settle();
  expect(gate.decide('ana', 'open').verdict).toBe('allow');
  for (const broken of [{}, { ...snapshot, format: 2 }, { ...snapshot, entries: [{}] }])
    expect(() => openEngine({ fromSnapshot: broken as GateSnapshot })).toThrow(
      expect.objectContaining({ code: 'snapshot_invalid' }),
    );
});

test('an event that cannot be read ends the stream, and the reason says so', async () => {
  const { gate, request, settle } = openEngine();
  request()
    .stream()
    .write(text('hello', HELLO) + text('entries', [entry('ana', 1, 'excellent')]));
  await settle();
  expect(gate.why).toContain('an event `entries` of the stream cannot be read: not a standing');
});
