// Proof: each proof of docs/proof.md says which program of the venue it was shown on, and its
// command is one that this project has.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** The proofs: headings with a command, and the text below each. */
const proofs = read('docs/proof.md')
  .split(/^##+ /m)
  .flatMap((part) => {
    const [, name, command] = /^(.+): `([^`]+)`\n/.exec(part) ?? [];
    return name === undefined || command === undefined ? [] : [{ name, command, text: part }];
  });
const WORDS = /stand-in|2024-06|2023-12|2026-07|none/;

test('the page has proofs', () => expect(proofs.length).toBeGreaterThan(20));

test.each(proofs)('$name says on which program it was shown', ({ text }) => {
  const told = [...text.matchAll(/^- \*\*Program\*\*: (.+)$/gm)].map(([, line = '']) => line);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(WORDS);
});

test.each(proofs)('$command exists', ({ command }) => {
  const script = /^npm run ([\w-]+)/.exec(command)?.[1];
  if (script !== undefined) expect(Object.keys(scripts)).toContain(script);
  else expect(command).toMatch(/^npx vitest run /);
  for (const [file] of command.matchAll(/test\/[\w/.-]+\.ts/g))
    expect(existsSync(path.join(ROOT, file)), file).toBe(true);
});
