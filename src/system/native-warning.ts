// Native warning: bigint-buffer complains on every start that its native part is missing. The part
// is missing on purpose (CVE-2025-3194 is in it), so this one line is dropped. Imported before
// anything that loads the package.
// biome-ignore-start lint/suspicious/noConsole: the warning is written through it.
const warn = console.warn;
console.warn = (...given: unknown[]) => {
  if (typeof given[0] === 'string' && given[0].startsWith('bigint: Failed to load bindings'))
    return;
  warn(...given);
};
// biome-ignore-end lint/suspicious/noConsole: see above.
