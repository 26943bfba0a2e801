// Events: however the bytes are cut, the events are the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventReader } from '../../src/gate-client/events.ts';

test.each(['\n', '\r\n'])(
  'events are whole however the text is cut, with lines ended by %j',
  (end) => {
    const lines = [
      'id: 7:n',
      'event: change',
      'data: {"a":',
      'data: "é"}',
      '',
      ': ping',
      '',
      'data: x',
      '',
      '',
    ];
    const text = lines.join(end);
    const whole = [
      { id: '7:n', event: 'change', data: '{"a":\n"é"}' },
      { id: null, event: 'message', data: 'x' },
    ];
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
        const read = createEventReader();
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const events = places.slice(1).flatMap((to, at) => read(text.slice(places[at], to)));
        expect(events).toEqual(whole);
      }),
    );
  },
);
