// Patches: mends of a dependency that its maintainers have not released yet. npm runs this after every install; a
// release of the dependency that is not the one patched here ends the install with what to do.
//
// postgres 3.4.9 (porsager/postgres #1154, #1208, #1209): when a connection closes while a small write is scheduled,
// or a transaction writes to a connection that has closed, `nextWrite` reads a property of null. Nothing can catch
// that: the process ends. And a connection that closed with a write scheduled never writes again, so its queries hang.
//
// Also 3.4.9: when a connection is reset, the transaction that was on it still writes its `rollback` to the pool's connection object.
// That query stays in the list of sent ones. On the next TCP connection it takes the answer of another query, so that this
// one never gets its own: the connection is lost to the pool, or a transaction stays open until Postgres ends it. And the number
// of rows that had come when a connection broke was kept, so that the next result began with as many holes.
// And each time that a connection for notifications could not be made, every LISTEN was asked once more beside those that still
// waited: after an hour without Postgres, thousands at once, and as many calls of what a daemon does at each connection.
// And where something accepts connections and closes them before Postgres is ready (a proxy whose Postgres is gone), the driver
// connected again without a pause, and no query ever failed. test/ledger/connections.test.ts shows all of it.
//
// And the driver tells nobody which of its connections a statement waits on, so that a connection that died without an error
// could not be ended. test/ledger/dead-connections.test.ts shows what is done with it.
//
// And `max_pipeline: 0`, with which the driver puts no statement on a connection before the last one is answered, kept `begin` from
// taking its connection, so that a transaction waited for ever. `npm run pgbouncer` shows that both work.
//
// @drift-labs/sdk 2.156.0 loads helius-laserstream for gRPC subscriptions, which nothing here uses. That is native code: it starts
// threads in the process that holds the keys, and where no file descriptor is left at that moment it aborts the process. The
// patch has it loaded when it is first used. test/venue/builder.test.ts shows that it is not loaded.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
const PATCHES = [
  {
    name: '@drift-labs/sdk',
    version: '2.156.0',
    files: ['lib/node/isomorphic/grpc.js', 'lib/node/isomorphic/grpc.node.js'],
    changes: [
      [
        'const helius_laserstream_1 = require("helius-laserstream");\n',
        'const helius_laserstream_1 = new Proxy({}, { get: (_, name) => require("helius-laserstream")[name] });\n',
      ],
    ],
  },
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
      // A query is written only between the server's first ReadyForQuery and the first sign that the connection breaks.
      ['    , terminated = false\n', '    , terminated = false\n    , live = false\n'],
      [
        '  function execute(q) {\n',
        "  function execute(q) {\n    if (!live && !terminated)\n      return queryError(q, Errors.connection('CONNECTION_CLOSED', options, socket))\n\n",
      ],
      ['  function error(err) {\n', '  function error(err) {\n    live = false\n'],
      ['  function ReadyForQuery(x) {\n', '  function ReadyForQuery(x) {\n    live = true\n'],
      // `max_pipeline: 0`, one statement at a time behind a pooler (src/ledger/database.ts), must not keep `begin` from
      // taking its connection.
      [
        '        && sent.length < max_pipeline\n        && (!q.options.onexecute || q.options.onexecute(connection))\n',
        '        && (!q.options.onexecute || q.options.onexecute(connection))\n        && sent.length < max_pipeline\n',
      ],
      // What was asked on a connection that has closed is refused, and nothing of its answers is left for the next one.
      [
        '    socket = null\n\n    if (initial)\n',
        "    socket = null\n\n    live = false\n    const gone = Errors.connection('CONNECTION_CLOSED', options, socket)\n    query && queryError(query, gone)\n    while (sent.length)\n      queryError(sent.shift(), gone)\n    query = results = errorResponse = null\n    result = new Result()\n    rows = 0\n\n    if (initial)\n",
      ],
      // `onsocket` is called with each connection, and with what the driver does on it (src/ledger/connections.ts).
      [
        "    x.on('drain', drain)\n    return x\n",
        "    x.on('drain', drain)\n    options.onsocket && options.onsocket(x, () => ({\n      pid: backend.pid,\n      doing: !live ? 'connects' : query || sent.length ? 'waits' : connection.reserved ? 'pauses' : 'nothing'\n    }))\n    return x\n",
      ],
      // A server, or a proxy without one behind it, that takes connections and closes them before Postgres is ready refuses the query.
      // Unpatched, the driver connects again at once, some hundred times a second, and the query waits for ever.
      [
        '    if (initial)\n      return reconnect()\n\n    !hadError',
        '    if (initial)\n      if (hadError || options.host[retries + 1])\n        return reconnect()\n      else\n        errored(gone)\n\n    !hadError',
      ],
    ],
  },
  {
    name: 'postgres',
    version: '3.4.9',
    files: ['src/index.js', 'cjs/src/index.js'],
    changes: [
      [
        '    socket          : o.socket,\n',
        '    socket          : o.socket,\n    onsocket        : o.onsocket,\n',
      ],
      // A LISTEN that still waits for a connection is taken back before it is asked again.
      [
        'forEach(([name, { listeners }]) => {\n          delete listen.channels[name]\n',
        'forEach(([name, { result, listeners }]) => {\n          delete listen.channels[name]\n          result.state || result.cancel()\n',
      ],
      // What a transaction says after its connection has closed is refused: that connection may be another's by then.
      ['      , prepare = null\n', '      , prepare = null\n      , lost = null\n'],
      [
        '        new Promise((_, reject) => connection.onclose = reject)\n',
        '        new Promise((_, reject) => connection.onclose = e => {\n          lost = e\n          while (queries.length)\n            queries.shift().reject(e)\n          reject(e)\n        })\n',
      ],
      [
        '        q.catch(e => uncaughtError || (uncaughtError = e))\n',
        '        q.catch(e => uncaughtError || (uncaughtError = e))\n        if (lost)\n          return q.reject(lost)\n',
      ],
    ],
  },
];

/** The text with every change made once. Throws when a place is missing, so that no half of a patch is applied. */
function patched(text, changes, file) {
  return changes.reduce((left, [from, to]) => {
    if (left.includes(to)) return left;
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
