// Evidence: faults in what nodes are asked and believed: histories, absences and proofs of death.
import type { Mutant } from './table.ts';

const unit = (file: string, test: string) => ({ file, test });
const PROOF = 'test/chain/proof.test.ts';

export const EVIDENCE: readonly Mutant[] = [
  {
    name: 'D1 the history always lacks it',
    file: 'src/chain/proof.ts',
    from: 'let asked = at(undefined);',
    to: 'let asked = at(undefined);\n  if (account !== null) return { lacks: true, firsts };',
    by: unit(PROOF, 'a landed payment is not dead'),
  },
  {
    name: 'D2 the status of a node that is behind is taken',
    file: 'src/chain/proof.ts',
    from: "if (found.context.slot < seenSlot) throw new RangeError('the node is behind');",
    to: '',
    by: unit(PROOF, 'answers of a node that is behind'),
  },
  {
    name: 'D3 the history of any node is taken',
    file: 'src/chain/history.ts',
    from: 'minContextSlot: seenSlot,',
    to: '',
    by: unit(PROOF, 'every question names the slot'),
  },
  {
    name: 'D4 the second provider is not asked',
    file: 'src/chain/proof.ts',
    from: 'return { ...own, second: await askOne(second, signed, account) };',
    to: 'return { ...own, second: own };',
    by: unit(PROOF, 'the second provider must say the same'),
  },
  {
    name: 'D5 the status is always absent',
    file: 'src/chain/proof.ts',
    from: '(await statusSince(connection, signed.signature, seenSlot)) === null,',
    to: '(await statusSince(connection, signed.signature, seenSlot)) !== undefined,',
    by: unit(PROOF, 'a landed payment is not dead'),
  },
  {
    name: 'C1 one empty page is the end of a history',
    file: 'src/chain/history.ts',
    from: 'const ENDS_APART = 8;',
    to: 'const ENDS_APART = 1;',
    by: unit('test/chain/history.test.ts', 'eight empty pages, each beside a node'),
  },
  {
    name: 'C2 a node whose history begins later ends a walk',
    file: 'src/chain/history.ts',
    from: 'if (first > afterSlot + 1)',
    to: 'if (first > 10 ** 15)',
    by: unit('test/chain/history.test.ts', 'an empty page of a pruned node is no end'),
  },
  {
    name: 'C6 what a node is known to hold need not be shown again',
    file: 'src/chain/history.ts',
    from: 'known <= afterSlot && known >= first)',
    to: 'known < 0)',
    by: unit('test/chain/history.test.ts', 'must show again what it is known to hold'),
  },
  {
    name: 'C7 the second provider need not show the same end',
    file: 'src/chain/history.ts',
    from: '} else if (++ends === ENDS_APART) return [];',
    to: '}\n    if (++ends > 0) return [];',
    by: unit('test/chain/history.test.ts', 'the second provider must show the same end'),
  },
  {
    name: 'D6 the status in a batch is taken from a node that is behind',
    file: 'src/chain/proof.ts',
    from: 'context.slot < minContextSlot ? null : value[0] === null',
    to: 'value[0] === null',
    by: unit(PROOF, 'answers of a node that is behind'),
  },
  {
    name: 'D7 where the nodes at the ends of a history remember from is not looked at',
    file: 'src/chain/proof.ts',
    from: 'firsts.push(told.first);',
    to: '',
    by: unit(PROOF, 'the end of a long history is told by a node that may have pruned'),
  },
  {
    name: 'D8 a node that lists none of its blocks is believed',
    file: 'src/core/death.ts',
    from: '    told.blocksKept === true &&\n',
    to: '',
    by: unit(PROOF, 'a lone node that has pruned and names an earlier first block'),
  },
  {
    name: 'D9 the end of a history is taken from a node that does not show its blocks',
    file: 'src/chain/history.ts',
    from: '(await reachesBack(connection, afterSlot, asked.seenSlot)) === false',
    to: 'false as boolean',
    by: unit('test/chain/history.test.ts', 'a node that names an early first block'),
  },
  {
    name: 'D10 a hole among the blocks is not seen',
    file: 'src/chain/blocks.ts',
    from: 'if (last.blockHeight - first.blockHeight !== slots.length - 1) return false;',
    to: '',
    by: unit('test/chain/round.test.ts', 'a node that names an early first block and lacks'),
  },
  {
    name: 'B6 a history is read since the first slot where nothing is owed',
    file: 'src/flows/books-comparison.ts',
    from: 'const floors = [oldest, ',
    to: 'const floors = [oldest ?? 0, ',
    by: { file: 'test/flows/books-comparison.test.ts', test: 'without a debt no history is read' },
  },
  {
    name: 'X1 a swap is signed as the service built it',
    file: 'src/chain/pen.ts',
    from: 'refuse(swapObjections(read.feePayer, read.instructions.map(inspectSwap), mandate));',
    to: '',
    by: { seeds: 80 },
  },
  {
    name: 'B9 a transfer is matched without a comparison of the books',
    file: 'src/flows/credit.ts',
    from: 'const trouble = await books.disagreement(subscriber);',
    to: 'const trouble = null as { detail: string } | null;',
    by: { file: 'test/flows/credit.test.ts', test: 'heard after the debt' },
  },
  {
    name: 'B10 the rest of a transfer never pays a debt that is booked later',
    file: 'src/ledger/booking.ts',
    from: 'await waitAgain(tx, debts);',
    to: '',
    by: {
      file: 'test/ledger/credits.test.ts',
      test: 'the rest of a transfer pays a debt that is booked later',
    },
  },
  {
    name: 'B7 a debt that was payable a moment ago is not looked for',
    file: 'src/flows/books-comparison.ts',
    from: "typeof also === 'number' ? also - 1 : null",
    to: 'null',
    by: {
      file: 'test/flows/books-comparison.test.ts',
      test: 'a debt that was read as payable counts',
    },
  },
  {
    name: 'B8 parked and observed debts lengthen every comparison',
    file: 'src/flows/books-comparison.ts',
    from: "also === 'open' ? also : 'payable'",
    to: "'open'",
    by: {
      file: 'test/flows/books-comparison.test.ts',
      test: 'a debt that is parked or observed lengthens no history',
    },
  },
];
