// Blind: for the control run alone: Node loads the flow of the books without its evidence. No mark
// of the database is read, and no payment on chain is looked for, so a database that lost commits
// is signed on as if it were whole.
import { registerHooks } from 'node:module';

const BOOKS = '/src/flows/books-comparison.ts';
/** Each replaces one function of `createBooks` by one that sees nothing. */
const EDITS = [
  ['    doubt,\n', '    doubt: async () => null,\n'],
  ['    identity: continuity.identity,\n', '    identity: () => null,\n'],
  [
    '    async disagreement(subscriber) {\n',
    '    async disagreement(subscriber) {\n      if (subscriber.id !== "") return null;\n',
  ],
] as const;

/**
 * From now on the books are loaded blind. Throws at the import when they no longer have the places
 * to edit.
 */
export function blindBooks(): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!new URL(url).pathname.endsWith(BOOKS)) return loaded;
      let source = String(loaded.source);
      for (const [from, to] of EDITS) {
        if (source.split(from).length !== 2)
          throw new Error(`${BOOKS} has no single place: ${from.trim()}`);
        source = source.replace(from, to);
      }
      return { ...loaded, source };
    },
  });
}
