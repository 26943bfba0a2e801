// AWS signature: checks a request's Signature Version 4, as AWS does: the signature over method,
// path, query, signed headers and body under the secret of the credentials. Source: "Create a
// signed AWS API request", AWS Identity and Access Management user guide.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export type AwsCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
};
type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** What a header must be signed with in any case: else it could be changed on its way. */
const SIGNED_ALWAYS = ['host', 'x-amz-date', 'x-amz-target'];

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

/** Whether these credentials signed the request, for this region and service. */
export function isSignedByAws(
  { method = '', url = '', headers }: Asked,
  body: string,
  { accessKeyId, secretAccessKey, region, service }: AwsCredentials,
): boolean {
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  const [, id, day = '', where, which, names = '', signature = ''] = parts ?? [];
  const at = String(headers['x-amz-date'] ?? '');
  const signed = names.split(';');
  if (id !== accessKeyId || where !== region || which !== service || !at.startsWith(day))
    return false;
  if (!SIGNED_ALWAYS.every((name) => signed.includes(name))) return false;
  const [path = '/', query = ''] = url.split('?');
  const canonical = [
    method,
    path,
    query,
    ...signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}`),
    '',
    names,
    hash(body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', at, scope, hash(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (under, part) => hmac(under, part),
    `AWS4${secretAccessKey}`,
  );
  return timingSafeEqual(hmac(key, text), Buffer.from(signature, 'hex'));
}
