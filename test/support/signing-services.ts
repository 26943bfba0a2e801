// Signing services: local servers that speak the protocols of Vault's transit engine, of AWS KMS,
// of Turnkey and of Fireblocks, and check the authentication of each. A test sets what they do.
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Keypair } from '@solana/web3.js';
import type { ServiceAccess } from '../../src/chain/keychain.ts';
import type { SignerService } from '../../src/core/service-key.ts';
import { isSignedByAws } from './aws-signature.ts';

/** What a service does with requests to sign. `hang` answers none until `release` is called. */
export type Mood = 'well' | 'down' | 'throttled' | 'refusing' | 'other key' | 'hang';
type Answer = { status: number; body: unknown };

const SEED_DER = Buffer.from('302e020100300506032b657004220420', 'hex');
const signatureOf = (key: Keypair, message: Uint8Array): Buffer =>
  sign(null, message, {
    key: Buffer.concat([SEED_DER, key.secretKey.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  });

/** The credentials that a test gives the AWS SDK by the environment. */
export const AWS = {
  accessKeyId: 'AKIDTEST',
  secretAccessKey: 'secret',
  region: 'eu-central-1',
  service: 'kms',
} as const;

/** How each service words a failure. */
const FAILURES: Record<SignerService, Record<'down' | 'throttled' | 'refusing', Answer>> = {
  vault: {
    down: { status: 503, body: { errors: ['Vault is sealed'] } },
    throttled: { status: 429, body: { errors: ['request path rate limit quota exceeded'] } },
    refusing: { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } },
  },
  'aws-kms': {
    down: { status: 500, body: { __type: 'KMSInternalException', message: 'Try again.' } },
    throttled: { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } },
    refusing: {
      status: 400,
      body: { __type: 'DisabledException', message: 'The key is disabled.' },
    },
  },
  turnkey: {
    down: { status: 502, body: { message: 'bad gateway' } },
    throttled: { status: 429, body: { code: 8, message: 'resource exhausted' } },
    refusing: { status: 403, body: { code: 7, message: 'policy denied' } },
  },
  fireblocks: {
    down: { status: 500, body: { message: 'internal error' } },
    throttled: { status: 429, body: { message: 'rate limit exceeded' } },
    refusing: { status: 401, body: { message: 'Unauthorized: JWT is missing' } },
  },
};

export async function serveSigningServices() {
  const keys = new Map<string, Keypair>();
  const moods = new Map<SignerService, Mood>();
  const asked: { service: SignerService; message: Buffer }[] = [];
  const unauthorised: string[] = [];
  const waiting: (() => void)[] = [];
  const fireblocksJobs = new Map<string, Buffer>();
  const turnkeyKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const fireblocksKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = Keypair.generate();

  const held = (service: SignerService, name: string): Keypair | undefined =>
    keys.get(`${service} ${name}`);
  /** The signature that a service gives, or how it fails. */
  const respond = async (
    service: SignerService,
    name: string,
    message: Buffer,
    wrap: (signature: Buffer) => unknown,
  ): Promise<Answer> => {
    asked.push({ service, message });
    const mood = moods.get(service) ?? 'well';
    if (mood === 'down' || mood === 'throttled' || mood === 'refusing')
      return FAILURES[service][mood];
    if (mood === 'hang') {
      const released = Promise.withResolvers<void>();
      waiting.push(released.resolve);
      await released.promise;
    }
    const key = mood === 'other key' ? stranger : held(service, name);
    if (key === undefined) return { status: 404, body: { errors: ['no such key'], message: 'no' } };
    return { status: 200, body: wrap(signatureOf(key, message)) };
  };
  const denied = (service: SignerService): Answer => {
    unauthorised.push(service);
    return FAILURES[service].refusing;
  };

  const vault = (request: IncomingMessage, body: string) => {
    if (request.headers['x-vault-token'] !== 'hvs.test') return denied('vault');
    const [, name = ''] = /^\/v1\/transit\/sign\/([^/]+)$/.exec(request.url ?? '') ?? [];
    const { input } = JSON.parse(body) as { input: string };
    return respond('vault', name, Buffer.from(input, 'base64'), (signature) => ({
      request_id: '1',
      lease_id: '',
      renewable: false,
      data: { key_version: 1, signature: `vault:v1:${signature.toString('base64')}` },
    }));
  };
  const kms = (request: IncomingMessage, body: string) => {
    const { 'x-amz-target': target } = request.headers;
    if (target !== 'TrentService.Sign' || !isSignedByAws(request, body, AWS))
      return denied('aws-kms');
    const given = JSON.parse(body) as Record<string, string>;
    if (given.MessageType !== 'RAW' || given.SigningAlgorithm !== 'ED25519_SHA_512')
      return { status: 400, body: { __type: 'ValidationException', message: 'other form' } };
    const message = Buffer.from(given.Message ?? '', 'base64');
    return respond('aws-kms', given.KeyId ?? '', message, (signature) => ({
      KeyId: given.KeyId,
      Signature: signature.toString('base64'),
      SigningAlgorithm: given.SigningAlgorithm,
    }));
  };
  const turnkey = (request: IncomingMessage, body: string) => {
    const stamp = JSON.parse(
      Buffer.from(String(request.headers['x-stamp']), 'base64url').toString(),
    ) as { scheme: string; signature: string };
    const genuine = verify(
      'sha256',
      Buffer.from(body),
      turnkeyKey.publicKey,
      Buffer.from(stamp.signature, 'hex'),
    );
    if (!genuine || stamp.scheme !== 'SIGNATURE_SCHEME_TK_API_P256') return denied('turnkey');
    const { parameters } = JSON.parse(body) as {
      parameters: { signWith: string; payload: string };
    };
    const message = Buffer.from(parameters.payload, 'hex');
    return respond('turnkey', parameters.signWith, message, (signature) => ({
      activity: {
        id: '1',
        status: 'ACTIVITY_STATUS_COMPLETED',
        result: {
          signRawPayloadResult: {
            r: signature.subarray(0, 32).toString('hex'),
            s: signature.subarray(32).toString('hex'),
            v: '00',
          },
        },
      },
    }));
  };
  const fireblocks = async (request: IncomingMessage, body: string): Promise<Answer> => {
    const url = request.url ?? '';
    const token = String(request.headers.authorization).replace('Bearer ', '');
    const [head = '', claims = '', proof = ''] = token.split('.');
    const genuine = verify(
      'sha256',
      Buffer.from(`${head}.${claims}`),
      fireblocksKey.publicKey,
      Buffer.from(proof, 'base64url'),
    );
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, string>;
    const hash = createHash('sha256').update(body).digest('hex');
    if (!genuine || said.uri !== url || said.bodyHash !== hash) return denied('fireblocks');
    const [, account] = /^\/v1\/vault\/accounts\/(\d+)\/SOL\/addresses_paginated$/.exec(url) ?? [];
    if (account !== undefined)
      return {
        status: 200,
        body: { addresses: [{ address: held('fireblocks', account)?.publicKey.toBase58() }] },
      };
    const [, job] = /^\/v1\/transactions\/(.+)$/.exec(url) ?? [];
    if (job !== undefined) {
      const fullSig = fireblocksJobs.get(job)?.toString('hex');
      return {
        status: 200,
        body: { id: job, status: 'COMPLETED', signedMessages: [{ signature: { fullSig } }] },
      };
    }
    const given = JSON.parse(body) as {
      operation: string;
      source: { id: string };
      extraParameters: { rawMessageData: { messages: { content: string }[] } };
    };
    if (given.operation !== 'RAW') return { status: 400, body: { message: 'not raw' } };
    const [raw] = given.extraParameters.rawMessageData.messages;
    const message = Buffer.from(raw?.content ?? '', 'hex');
    return respond('fireblocks', given.source.id, message, (signature) => {
      const id = String(fireblocksJobs.size + 1);
      fireblocksJobs.set(id, signature);
      return { id, status: 'SUBMITTED' };
    });
  };

  const services = { vault, 'aws-kms': kms, turnkey, fireblocks };
  const open = await Promise.all(
    Object.entries(services).map(async ([name, handle]) => {
      const answer = async (request: IncomingMessage, response: ServerResponse) => {
        const { status, body } = await handle(request, await text(request));
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(body));
      };
      const server = createServer((request, response) => void answer(request, response));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      return { name, server, url };
    }),
  );
  const urlOf = (name: SignerService): string => open.find((each) => each.name === name)?.url ?? '';
  const jwk = turnkeyKey.privateKey.export({ format: 'jwk' });
  const hex = (part = ''): string => Buffer.from(part, 'base64url').toString('hex');
  const point = turnkeyKey.publicKey.export({ format: 'jwk' });
  const even = (Buffer.from(point.y ?? '', 'base64url').at(-1) ?? 0) % 2 === 0;
  const access: ServiceAccess = {
    vault: { url: urlOf('vault'), token: 'hvs.test' },
    'aws-kms': { region: AWS.region },
    turnkey: {
      url: urlOf('turnkey'),
      organizationId: 'org',
      publicKey: `${even ? '02' : '03'}${hex(point.x)}`,
      privateKey: hex(jwk.d),
    },
    fireblocks: {
      url: urlOf('fireblocks'),
      assetId: 'SOL',
      apiKey: 'api-key',
      privateKeyPem: String(fireblocksKey.privateKey.export({ format: 'pem', type: 'pkcs8' })),
    },
  };
  return {
    access,
    kmsUrl: urlOf('aws-kms'),
    /** The requests to sign, in their order. */
    asked,
    /** Services that were asked without their authentication. */
    unauthorised,
    /** Gives a service a key under a name. */
    keep(service: SignerService, name: string, key: Keypair) {
      keys.set(`${service} ${name}`, key);
    },
    mood(service: SignerService, mood: Mood) {
      moods.set(service, mood);
    },
    /** Lets requests that hang be answered. */
    release() {
      for (const each of waiting.splice(0)) each();
    },
    async [Symbol.asyncDispose]() {
      for (const each of waiting.splice(0)) each();
      for (const { server } of open) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}
