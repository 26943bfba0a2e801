// Settings problems: finds settings that contradict each other or lack one that they depend on.
import { base58Bytes } from '../core/ids.ts';
import { isLoopback } from '../core/loopback.ts';
import { SMALL } from '../core/outflow.ts';
import { RPC_METHODS } from '../core/rpc-price.ts';
import { QUOTE_SYMBOLS } from '../core/venue-name.ts';
import type { FileSettings } from './schema.ts';
import type { Secrets } from './secrets.ts';

/** Adds the problems of the services that keep keys. */
function signersTogether({ signers }: FileSettings, secrets: Secrets, problems: string[]): void {
  const { vault, turnkey, fireblocks, sponsor } = signers;
  const needs: readonly [string, unknown, unknown, string][] = [
    ['vault', vault, secrets.vaultToken, 'BAILIFF_VAULT_TOKEN'],
    [
      'turnkey',
      turnkey,
      secrets.turnkeyKey,
      'BAILIFF_TURNKEY_PUBLIC_KEY and BAILIFF_TURNKEY_PRIVATE_KEY',
    ],
    [
      'fireblocks',
      fireblocks,
      secrets.fireblocksKey,
      'BAILIFF_FIREBLOCKS_API_KEY and BAILIFF_FIREBLOCKS_PRIVATE_KEY',
    ],
  ];
  for (const [name, service, secret, variables] of needs) {
    if (service !== null && secret === null)
      problems.push(`signers.${name}: ${variables} must be set beside it`);
    if (service === null && secret !== null)
      problems.push(`${variables}: has no effect without signers.${name}`);
  }
  for (const [name, service] of Object.entries({ vault, turnkey, fireblocks })) {
    const url = service === null ? null : URL.parse(service.url);
    if (service !== null && url?.protocol !== 'https:' && !isLoopback(url?.hostname ?? ''))
      problems.push(`signers.${name}.url: must begin with https://, except on loopback`);
  }
  if (sponsor === null) return;
  if (secrets.sponsorKey !== null)
    problems.push('signers.sponsor: set it or BAILIFF_SPONSOR_KEY, not both');
  const known = { vault, 'aws-kms': signers.awsKms, turnkey, fireblocks };
  if (known[sponsor.service] === null)
    problems.push(`signers.sponsor: signers of ${sponsor.service} are not configured`);
}

/** Adds the problems of the source stream. */
function streamTogether({ rpc, watch }: FileSettings, problems: string[]): void {
  const isUsed = watch.sources.includes('stream');
  if (isUsed && rpc.streamUrl === null)
    problems.push('BAILIFF_STREAM_URL: is required with the source stream in watch.sources');
  if (!isUsed && rpc.streamUrl !== null)
    problems.push('rpc.streamUrl: has no effect without the source stream in watch.sources');
  const url = rpc.streamUrl === null ? null : URL.parse(rpc.streamUrl);
  if (url !== null && url.protocol !== 'https:' && !isLoopback(url.hostname))
    problems.push('rpc.streamUrl: must begin with https://, except on loopback');
}

/** Adds the problems of the sender endpoint and its tip. */
function senderTogether({ rpc, payments }: FileSettings, problems: string[]): void {
  const { sender } = payments;
  if (rpc.senderUrl !== null && sender === null)
    problems.push('BAILIFF_SENDER_URL: has no effect without payments.sender');
  if (rpc.senderUrl === null && sender !== null)
    problems.push('payments.sender: BAILIFF_SENDER_URL must be set beside it');
  if (sender === null) return;
  const [tip, least, most] = [sender.tip, sender.tipLeast, sender.tipMost].map(BigInt) as [
    bigint,
    bigint,
    bigint,
  ];
  if (tip === 0n) problems.push('payments.sender.tip: must be above 0');
  if (tip < least)
    problems.push(
      `payments.sender.tip: must be at least tipLeast, ${least}: the sender takes no transaction with less, and the tip would be paid for nothing`,
    );
  if (tip > most) problems.push(`payments.sender.tip: must not be above tipMost, ${most}`);
  const small = SMALL.sol.transaction;
  if (most > small)
    problems.push(
      `payments.sender.tipMost: must not be above ${small}: a larger tip would count as a withdrawal after the ledger lost the payment`,
    );
  for (const account of sender.accounts)
    if (base58Bytes(account)?.length !== 32)
      problems.push(`payments.sender.accounts: ${account} is no address`);
}

/**
 * Adds the problem of sources that tell of the chain less often than the gate asks for. A stream
 * and subscriptions tell of every slot; webhooks tell when an account is used, which may be never.
 */
function sourcesTogether({ watch, gate }: FileSettings, problems: string[]): void {
  const { sources, sweepEveryMs, backfillEveryMs } = watch;
  if (sources.includes('subscriptions') || sources.includes('stream')) return;
  const periods = [
    ...(sources.includes('sweep') ? [sweepEveryMs] : []),
    ...(sources.includes('backfill') ? [backfillEveryMs] : []),
  ];
  const everyMs = Math.min(...periods);
  if (periods.length > 0 && everyMs >= gate.lagMsMost)
    problems.push(
      `gate.lagMsMost: must be above ${everyMs}, the time between two reports of the sources ${sources.join(', ')}: in between the gate would answer unknown for every subscriber. Raise it, or use subscriptions or the sweep, too`,
    );
}

/** Adds URLs that cannot be read as one. */
function urlsReadable({ rpc, helius, swap }: FileSettings, problems: string[]): void {
  const urls = {
    'rpc.url': rpc.url,
    'rpc.wsUrl': rpc.wsUrl,
    'rpc.secondUrl': rpc.secondUrl,
    ...Object.fromEntries(rpc.moreUrls.map((each, nth) => [`rpc.moreUrls.${nth}`, each])),
    'rpc.streamUrl': rpc.streamUrl,
    'rpc.senderUrl': rpc.senderUrl,
    'helius.webhookUrl': helius.webhookUrl,
    'helius.apiUrl': helius.apiUrl,
    'swap.url': swap.url,
  };
  for (const [name, url] of Object.entries(urls))
    if (url !== null && !URL.canParse(url))
      problems.push(`${name}: cannot be read as a URL with a host`);
}

/** Adds settings that name something which does not exist, or that another one makes useless. */
function useless({ rpc, payments }: FileSettings, problems: string[]): void {
  const symbols: readonly string[] = Object.values(QUOTE_SYMBOLS);
  for (const name of ['quotePerSolOf', 'reimbursePerSolOf'] as const)
    for (const symbol of Object.keys(payments[name] ?? {}))
      if (!symbols.includes(symbol))
        problems.push(
          `payments.${name}: ${symbol} is the quote token of no venue; there are ${symbols.join(' and ')}`,
        );
  const given = [payments.reimbursePerSol, ...Object.values(payments.reimbursePerSolOf ?? {})];
  if (payments.reimburseMost === '0' && given.some((each) => each !== '0'))
    problems.push(
      'payments.reimburseMost: must be above 0 beside reimbursePerSol or reimbursePerSolOf, or the sponsor is given nothing',
    );
  for (const method of Object.keys(rpc.methodsAtOnce))
    if (!RPC_METHODS.includes(method))
      problems.push(`rpc.methodsAtOnce: the daemon calls no ${method}`);
}

/** Adds the problems that the schema cannot express: settings that depend on each other. */
export function togetherness(settings: FileSettings, secrets: Secrets, problems: string[]): void {
  if (!isLoopback(settings.http.host) && secrets.apiKeys.length === 0)
    problems.push(
      `BAILIFF_API_KEYS: is required when http.host is ${settings.http.host}; without one only loopback may be served`,
    );
  const sponsored = secrets.sponsorKey !== null || settings.signers.sponsor !== null;
  if (settings.swap.url !== null && sponsored)
    problems.push(
      'swap.url: has no effect beside a sponsor (BAILIFF_SPONSOR_KEY or signers.sponsor), which pays for agents without SOL; set one of the two',
    );
  signersTogether(settings, secrets, problems);
  streamTogether(settings, problems);
  senderTogether(settings, problems);
  sourcesTogether(settings, problems);
  urlsReadable(settings, problems);
  useless(settings, problems);
  if (secrets.streamToken !== null && settings.rpc.streamUrl === null)
    problems.push('BAILIFF_STREAM_TOKEN: has no effect without rpc.streamUrl');
  if (secrets.directDatabaseUrl !== null && secrets.databaseUrl === null)
    problems.push('BAILIFF_DIRECT_DATABASE_URL: has no effect without DATABASE_URL');
  if (settings.payments.replayGuard === 'nonce' && !sponsored)
    problems.push(
      'payments.replayGuard: nonce needs a sponsor (BAILIFF_SPONSOR_KEY or signers.sponsor), which moves every nonce and pays its rent',
    );
  if (settings.sponsor.rootMemos === true && !sponsored)
    problems.push(
      'sponsor.rootMemos: needs a sponsor (BAILIFF_SPONSOR_KEY or signers.sponsor), which writes the memos',
    );
  const { http, rpc } = settings;
  if (http.headersMs > http.bodyMs)
    problems.push(
      'http.headersMs: must not be above http.bodyMs, which counts from the same moment',
    );
  if (http.webhookBytesMost > http.webhookWaitingBytesMost)
    problems.push('http.webhookBytesMost: must not be above http.webhookWaitingBytesMost');
  if (rpc.answerBytesMost > rpc.answersBytesMost)
    problems.push('rpc.answerBytesMost: must not be above rpc.answersBytesMost');
  const urls = [rpc.url, rpc.secondUrl, ...rpc.moreUrls].filter((each) => each !== null).length;
  for (const [name, given] of Object.entries({
    'rpc.weights': rpc.weights,
    'rpc.callsPerSecond': rpc.callsPerSecond,
  }))
    if (given.length > 0 && given.length !== urls)
      problems.push(
        `${name}: must hold one number for each RPC URL, which are ${urls}, or none; holds ${given.length}`,
      );
  if (settings.network === 'local') return;
  if (settings.rpc.url === null)
    problems.push('BAILIFF_RPC_URL: is required; give the https URL of a Solana RPC node');
  if (secrets.webhookSecrets.length === 0)
    problems.push('BAILIFF_WEBHOOK_SECRETS: is required; the value Helius sends as Authorization');
  if (secrets.masterKey === null)
    problems.push(
      'BAILIFF_MASTER_KEY: is required; 32 bytes in base64; make one with: openssl rand -base64 32',
    );
  if (secrets.heliusApiKey !== null && settings.helius.webhookUrl === null)
    problems.push(
      'BAILIFF_WEBHOOK_URL: is required with BAILIFF_HELIUS_API_KEY; the public URL of POST /webhooks/helius',
    );
}
