// Sentences: what StrykerJS leaves alone. A sentence for people (the words of an error, of a log line,
// of an objection) is read by no rule, and a test that repeats it word by word says nothing. A string is
// a sentence when it has a space between two words; codes, names and keys have none, and are
// mutated. A template counts only when what it inserts decides nothing.

const SPACED = /[\p{L}\d,;:.')} ] |^ | $/u;
const PLAIN = new Set(['Identifier', 'MemberExpression', 'CallExpression']);

const isSentence = ({ node }) => {
  if (node.type === 'StringLiteral') return SPACED.test(node.value);
  if (node.type !== 'TemplateLiteral') return false;
  const decides = node.expressions.some(({ type }) => !PLAIN.has(type));
  return !decides && node.quasis.some(({ value }) => SPACED.test(value.raw));
};

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'sentences',
    value: {
      shouldIgnore: (path) =>
        isSentence(path) ? 'a sentence for people; no rule reads it' : undefined,
    },
  },
];
