// Problem pages: serves each section of the runbook as a page, to which the answer with that
// problem links.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { FAULTS, Fault } from '../core/fault.ts';
import { pagePolicy } from './headers.ts';
import { escaped } from './openapi.ts';

const RUNBOOK = path.join(import.meta.dirname, '../../docs/runbook.md');

/** The sections of the runbook, by fault code. */
function readSections(text: string): ReadonlyMap<string, string> {
  const sections = text.matchAll(/^### `(\w+)`\n([\s\S]*?)(?=^#{2,4} |(?![\s\S]))/gm);
  return new Map([...sections].map(([, code = '', section = '']) => [code, section.trim()]));
}

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui;overflow-wrap:break-word;max-width:45rem;margin:2rem auto;padding:0 1rem}code{background:#8882;padding:0 .2rem}';
const html = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title>
<style>${STYLE}</style>
<h1><code>${title}</code></h1>${body}</html>`;

const paragraphs = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map((each) => `<p>${escaped(each).replace(/`([^`]+)`/g, '<code>$1</code>')}</p>`)
    .join('\n');

/** The pages need no key: they contain no secret. */
export async function problemPages(app: FastifyInstance): Promise<void> {
  const sections = readSections(readFileSync(RUNBOOK, 'utf8'));
  app.get<{ Params: { code: string } }>(
    '/problems/:code',
    { config: { scope: 'public' } },
    async ({ params }, reply) => {
      const section = sections.get(params.code);
      if (section === undefined || !(params.code in FAULTS))
        throw new Fault('not_found', `There is no problem ${params.code.slice(0, 60)}.`);
      const { status, retry } = FAULTS[params.code as keyof typeof FAULTS];
      const facts = `<p>HTTP ${status}. ${retry === 'later' ? 'The same request may succeed in a while.' : 'The same request will not succeed by itself.'}</p>`;
      return reply
        .header('content-security-policy', pagePolicy(STYLE))
        .type('text/html; charset=utf-8')
        .send(html(params.code, facts + paragraphs(section)));
    },
  );
}
