// Under way: faults in what a daemon concludes about a payment that was sent and has not ended.
import type { Mutant } from './table.ts';

const unit = (file: string, test: string) => ({ file, test });
const NOTES = 'test/flows/hindrance-notes.test.ts';
const ROUNDS = 'test/flows/nonce-closed-rounds.test.ts';

export const UNDER_WAY: readonly Mutant[] = [
  {
    name: 'UW1 SOL that the sponsor lacks counts against the debtor of a sent payment',
    file: 'src/flows/hindrance.ts',
    from: 'return ofItsPayer(sinceReading(found), payment.plan.feePayer);',
    to: 'return sinceReading(found);',
    by: unit(NOTES, 'SOL that the sponsor lacks is no trouble of the agent'),
  },
  {
    name: 'UW2 an error of the simulation leaves the debt of a sent payment to a person',
    file: 'src/flows/hindrance.ts',
    from: 'return ofItsPayer(sinceReading(found), payment.plan.feePayer);',
    to: 'return ofItsPayer(found, payment.plan.feePayer);',
    by: unit(NOTES, 'an error that leaves a debt to a person is one to try again'),
  },
  {
    name: 'UW3 a node without an answer removes the note',
    file: 'src/flows/hindrance.ts',
    from: 'if (thrown instanceof Fault) return undefined;',
    to: 'if (thrown instanceof Fault) return null;',
    by: unit(NOTES, 'a node without an answer changes no note'),
  },
  {
    name: 'UW4 one round ends a payment whose nonce account was closed',
    file: 'src/flows/nonce-closed.ts',
    from: 'return count < ROUNDS_ALONE ? told',
    to: 'return count < 1 ? told',
    by: unit(ROUNDS, 'as many complete rounds as are asked of one provider'),
  },
  {
    name: 'UW5 the variants of another payment end one whose nonce account was closed',
    file: 'src/flows/nonce-closed.ts',
    from: 'if (known?.id !== payment.id) return false;',
    to: 'if (known === null) return false;',
    by: unit(ROUNDS, 'a lane %s ends nothing'),
  },
  {
    name: 'UW6 rounds are asked before the closing of a nonce account is final',
    file: 'src/flows/nonce-closed.ts',
    from: 'tip < slot || tip < before.slot',
    to: 'tip < before.slot',
    by: unit(ROUNDS, 'no round is asked before the closing is final'),
  },
  {
    name: 'UW7 a round that found a variant counts',
    file: 'src/flows/nonce-closed.ts',
    from: 'const count = absent ? before.count + 1 : 0;',
    to: 'const count = before.count + 1;',
    by: unit(ROUNDS, 'variant begins the count anew'),
  },
  {
    name: 'UW8 rounds count while the database may lack the variants of lost commits',
    file: 'src/flows/nonce-closed.ts',
    from: 'if ((await books.doubt()) !== null) return told;',
    to: '',
    by: unit(ROUNDS, 'or while commits may be lost'),
  },
];
