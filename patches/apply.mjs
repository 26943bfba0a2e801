// Patches: mends of a dependency that its maintainers have not released yet. npm runs this after every install; a
// release of the dependency that is not the one patched here ends the install with what to do.
//
// postgres 3.4.9 (porsager/postgres #1154, #1208, #1209): when a connection closes while a small write is scheduled,
// or a transaction writes to a connection that has closed, `nextWrite` reads a property of null. Nothing can catch
// that: the process ends. And a connection that closed with a write scheduled never writes again, so its queries hang.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
const PATCHES = [
  {
    name: 'postgres',
    version: '3.4.9',
    files: ['src/connection.js', 'cjs/src/connection.js'],
    changes: [
      [
        '  function nextWrite(fn) {\n',
        "  function nextWrite(fn) {\n    if (socket === null) {\n      clearImmediate(nextWriteTimer)\n      chunk = nextWriteTimer = null\n      error(Errors.connection('CONNECTION_CLOSED', options, socket))\n      query = null\n      return false\n    }\n",
      ],
      [
        '    clearImmediate(nextWriteTimer)\n    if (socket) {',
        '    clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    if (socket) {',
      ],
      [
        "    clearImmediate(nextWriteTimer)\n    socket.removeListener('data', data)",
        "    clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    socket.removeListener('data', data)",
      ],
    ],
  },
];

/** The text with every change made once. Throws when a place is missing, so that no half of a patch is applied. */
function patched(text, changes, file) {
  return changes.reduce((left, [from, to]) => {
    if (left.split(from).length !== 2) throw new Error(`${file}: the place to patch is not there`);
    return left.replace(from, () => to);
  }, text);
}

for (const { name, version, files, changes } of PATCHES) {
  const folder = path.join(ROOT, 'node_modules', name);
  const installed = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
  if (installed !== version)
    throw new Error(
      `${name} ${installed} is installed, and patches/apply.mjs is for ${version}. Look whether the release has the mend, then change or delete the patch.`,
    );
  for (const each of files) {
    const file = path.join(folder, each);
    const text = readFileSync(file, 'utf8');
    if (changes.every(([, to]) => text.includes(to))) continue;
    // A new file: the old one may be shared with other installs by hard links.
    writeFileSync(`${file}.new`, patched(text, changes, file));
    renameSync(`${file}.new`, file);
  }
}
