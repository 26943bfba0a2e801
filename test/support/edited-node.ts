// Edited node: a server in front of a node that passes questions on and edits the answers.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Question = { readonly id: unknown; readonly method: string; readonly params: unknown };
type Answer = { readonly id: unknown; readonly result?: unknown };

/**
 * Starts the server. `target` is the URL of the node; `edit` returns what is answered in place of
 * the node's result.
 */
export async function editedNode(
  target: () => string,
  edit: (question: Question, result: unknown) => unknown,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const answer = await fetch(target(), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const asked = JSON.parse(body) as Question | Question[];
    const told = (await answer.json()) as Answer | Answer[];
    const edited = [told].flat().map((each) => {
      const question = [asked].flat().find(({ id }) => id === each.id);
      return question === undefined || !('result' in each)
        ? each
        : { ...each, result: edit(question, each.result) };
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(Array.isArray(told) ? edited : edited[0]));
  };
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
