// Prose: comments name their subject, and every exported function and every function of a port says
// what it returns. A test can hold a few words and the presence of a sentence; CONTRIBUTING.md says
// the rest.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (pattern: string): { file: string; lines: string[] }[] =>
  globSync(pattern, { cwd: ROOT }).map((file) => ({
    file,
    lines: readFileSync(path.join(ROOT, file), 'utf8').split('\n'),
  }));
const sources = read('src/**/*.ts');
const all = [...sources, ...read('{src,test}/console/*.js'), ...read('test/**/*.ts')];
const pages = [...read('*.md'), ...read('docs/**/*.md'), ...read('packages/*/*.md')];

/** Subjects that name no person, part or row. */
const VAGUE =
  /\b(?:what|which|who|whom)(?:so)?ever\b|\b(?:nobody|no one|(?:some|any|every)(?:body|one)|that which)\b/i;

describe('prose', () => {
  test.each(all)('comments of $file name their subjects', ({ file, lines }) => {
    const vague = lines
      .filter((line) => /^\s*(?:\/\/|\/?\*)/.test(line))
      // Literals in backticks, such as the actor `anyone`, are names.
      .filter((line) => VAGUE.test(line.replace(/`[^`]*`/g, '')));
    expect(vague, file).toEqual([]);
  });

  test.each(pages)('sentences of $file name their subjects', ({ file, lines }) => {
    const vague = lines.filter((line) => VAGUE.test(line.replace(/`[^`]*`/g, '')));
    expect(vague, file).toEqual([]);
  });

  // Metaphors that stood for a thing or an effect, each with the words that name it.
  const METAPHORS: readonly (readonly [metaphor: RegExp, plain: string])[] = [
    [/\bhurts? (?:itself|its own|only its)\b/i, 'fails alone; does not affect the others'],
    [/\b(?:has|have|holds?|keeps?) the way\b|\bgets? the way\b/i, 'goes first; pauses other work'],
    [/\b(?:a|no|the|its) flights?\b|\bflew\b/i, 'an outflow'],
    [/\bin quiet\b/i, 'without a burst'],
  ];
  test.each([...all, ...pages])('no metaphor stands for a thing in $file', ({ file, lines }) => {
    const found = lines
      .filter((line) => file.endsWith('.md') || /^\s*(?:\/\/|\/?\*|(?:test|describe)\()/.test(line))
      .flatMap((line) =>
        METAPHORS.filter(([metaphor]) => metaphor.test(line)).map(
          ([, plain]) => `${line.trim()} (say: ${plain})`,
        ),
      );
    expect(found, file).toEqual([]);
  });

  test.each(sources)('every exported function of $file has a docstring', ({ file, lines }) => {
    const bare = lines.filter(
      (line, at) =>
        /^export (?:async )?function|^export const [a-z]\w*(?::[^=]*)? = (?:async )?(?:<[^>]*>)?\(/.test(
          line,
        ) && lines[at - 1]?.endsWith('*/') !== true,
    );
    expect(bare, file).toEqual([]);
  });

  const ports = sources.filter(({ file }) =>
    /^src\/core\/(?:.*ports|venue|endpoint|api-key|master-key|source)\.ts$/.test(file),
  );
  test.each(ports)('every function of the ports in $file has a docstring', ({ file, lines }) => {
    const bare = lines.filter(
      (line, at) => /^ {2}\w+\??\(/.test(line) && lines[at - 1]?.trim().endsWith('*/') !== true,
    );
    expect(bare, file).toEqual([]);
  });
});
