// Sandbox page: one page of forms, one for each act of the sandbox, and a list of what was done.

const field = (name: string, value: string, label: string): string =>
  `<label>${label} <input name="${name}" value="${value}"></label>`;
const choice = (name: string, values: readonly string[], label: string): string =>
  `<label>${label} <select name="${name}">${values.map((each) => `<option>${each}</option>`).join('')}</select></label>`;
const form = (act: string, button: string, fields: readonly string[]): string =>
  `<form data-do="${act}">${fields.join(' ')} <button>${button}</button></form>`;

const MARKETS = ['SOL-PERP', 'BTC-PERP'];
const FORMS = [
  form('fund', 'Fund', [
    field('name', 'ana', 'Person'),
    field('usdc', '1000', 'USDC'),
    field('sol', '0.05', 'SOL'),
  ]),
  form('trade', 'Trade', [
    field('name', 'ana', 'Person'),
    choice('direction', ['long', 'short'], 'Direction'),
    field('size', '2', 'Size'),
    choice('market', MARKETS, 'Market'),
    '<label><input type="checkbox" name="close"> only close</label>',
  ]),
  form('price', 'Move price', [
    choice('market', MARKETS, 'Market'),
    field('price', '165', 'Price in USD'),
  ]),
  form('withdraw', 'Withdraw on chain', [
    field('name', 'ana', 'Person'),
    field('usdc', '10', 'USDC'),
    field('to', 'ana-away', 'To a person or an address'),
  ]),
  form('slow', 'Slow the node', [field('ms', '500', 'Milliseconds')]),
  form('break', 'Break', [choice('what', ['rpc', 'sends', 'sockets', 'helius'], 'What')]),
  form('mend', 'Mend everything', []),
  form('show', 'Show people and prices', []),
];

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui;max-width:60rem;margin:1rem auto;padding:0 1rem}form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;padding:.5rem 0;border-bottom:1px solid #8884}input,select,button{font:inherit;padding:.2rem .4rem;max-width:100%}input:not([type=checkbox]){width:9rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}';
const SCRIPT = `
for (const each of document.forms) each.addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = { do: each.dataset.do, ...Object.fromEntries(new FormData(each)) };
  if (given.do === 'trade') given.close = each.elements.close.checked;
  if (given.do === 'slow') given.ms = Number(given.ms);
  const answer = await fetch('/acts', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(given) });
  const { said, problem } = await answer.json();
  document.querySelector('output').prepend((problem ?? said.join('\\n')) + '\\n');
});`;

/** The page, with the nonce of its style and script. */
export const sandboxPage = (nonce: string, apiUrl: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Bailiff sandbox</title>
<style nonce="${nonce}">${STYLE}</style>
<h1>Sandbox</h1><p>What people do on the local chain. The daemon hears of it by itself: <a href="${apiUrl}/docs">its API</a>.</p>
${FORMS.join('\n')}
<h2>Done</h2><pre><output aria-live="polite"></output></pre>
<script nonce="${nonce}">${SCRIPT}</script></html>`;
