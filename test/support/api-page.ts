// API page: docs/api.md, made of the list of routes. Run as a program it writes the page; a test
// holds the two together.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { COMMON_PROBLEMS, INPUT_PROBLEMS, ROUTES, WRITE_PROBLEMS } from '../../src/http/routes.ts';
import { createBareServer } from './bare-server.ts';

export const API_PAGE = path.join(import.meta.dirname, '../../docs/api.md');
const list = (codes: readonly string[]): string =>
  codes.map((code) => `[\`${code}\`](runbook.md#${code})`).join(', ');

/** The text of docs/api.md. */
export async function apiPage(): Promise<string> {
  const app = createBareServer();
  await app.ready();
  const { paths } = app.swagger() as {
    paths: Record<string, Record<string, { 'x-scope'?: string }>>;
  };
  const scopeOf = (method: string, path: string): string =>
    paths[path]?.[method.toLowerCase()]?.['x-scope'] ?? '';
  const rows = Object.entries(ROUTES).map(([name, { summary, problems }]) => {
    const [method = '', path = ''] = name.split(' ');
    return `- **\`${name}\`** (\`${scopeOf(method, path)}\`) ${summary}${problems.length === 0 ? '' : ` Problems: ${list(problems)}.`}`;
  });
  return `# API

Made by \`npm run api-page\` from the routes of \`src/http/routes.ts\`. Shapes, parameters and examples are at \`/docs\` and \`/openapi.json\` of a running daemon; shapes that clients make types of have names (\`components\`).

Money is decimal strings of base units. Halts, endpoints, accounts, subscriptions and suspicions are told whole. \`GET /v1/events\` is pulled oldest first: give \`next\` as \`after\`, also later, and no event is missed. Every other list gives \`next\`, which goes on as \`before\` (newest first) or \`after\` and is null at the end, and
\`total\`, the rows of all pages (null above 10,000). A filter that names a subscriber, subscription, creator or key that is unknown here is answered
\`not_found\`, one with another wrong value and a cursor that names no row \`query_invalid\`: no empty list stands for either. A problem is \`application/problem+json\`
with a \`type\` that never changes, and a \`link\` to its page. What changes something takes an \`Idempotency-Key\`: the same request under it is
done once, and answered alike for \`keep.idempotencyDays\`, 7 unless set; a refused request changed nothing, and its key is free again. Of an import that a fault of a node or of Postgres ended, the subscribers that were written before stay. A request that was answered 503 because its time (\`http.answerMs\`) was over is still being done: the same request under its key is answered \`idempotency_running\` until it has ended, and then as it ended. Where the daemon stopped meanwhile, the same request is done again a minute later. The audit names the key of each act, and the person
that \`X-Bailiff-Person\` names (1 to 100 characters, UTF-8).

Every route may answer ${list(COMMON_PROBLEMS)}; those whose method may carry a body ${list(INPUT_PROBLEMS)}; those that change something ${list(WRITE_PROBLEMS)}.
Behind each route stands the scope it asks for; \`platform:write\` may read the gate, \`operator\` may do everything.

${rows.join('\n')}
- **\`GET /v1/gate/stream\`** (\`gate:read\`) The roster as server-sent events: see [integrating](integration.md).
- **\`POST /webhooks/helius\`** Where Helius delivers, with one of \`BAILIFF_WEBHOOK_SECRETS\`.
- **\`GET /health/live\`**, **\`GET /health/ready\`** (what people typed, ids and messages of errors for \`operator\` alone), **\`GET /metrics\`** (\`operator\`), **\`GET /docs\`**, **\`GET /openapi.json\`**, **\`GET /problems/CODE\`**
`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(API_PAGE, await apiPage());
