// Native warning: drops the one line in which bigint-buffer complains at every start that its
// native part is missing. The part is left out on purpose because of CVE-2025-3194. This file must
// be imported before any module that loads the package.
// biome-ignore-start lint/suspicious/noConsole: the package writes its warning through console.
const warn = console.warn;
console.warn = (...given: unknown[]) => {
  if (typeof given[0] === 'string' && given[0].startsWith('bigint: Failed to load bindings'))
    return;
  warn(...given);
};
// biome-ignore-end lint/suspicious/noConsole: see above.
