// Service key: names a key that a signing service keeps, so that its secret never comes to this
// daemon. The name stands in the ledger in the place of a sealed secret.
import { Fault } from './fault.ts';

/** The services that have a signer here: the last part of the name of their package. */
export const SIGNER_SERVICES = ['vault', 'aws-kms', 'turnkey', 'fireblocks'] as const;
export type SignerService = (typeof SIGNER_SERVICES)[number];
/** Whether the text names a service that has a signer here. */
export const isSignerService = (text: string): text is SignerService =>
  (SIGNER_SERVICES as readonly string[]).includes(text);
/** A key by the name under which its service knows it. */
export type ServiceKey = { readonly service: SignerService; readonly key: string };

/**
 * The names that each service gives keys. A name becomes a part of a URL or of a request to the
 * service, so no name may hold a slash that leads elsewhere, or be `.` or `..`.
 */
const NAMES: Readonly<Record<SignerService, { form: RegExp; says: string }>> = {
  vault: { form: /^[\w-][\w.-]{0,127}$/, says: 'the name of a key of the transit engine' },
  'aws-kms': {
    form: /^(?:[\w-]{1,128}|alias\/[\w/-]{1,200}|arn:aws[\w-]*:kms:[\w:/-]{1,300})$/,
    says: 'the id, alias or ARN of a key',
  },
  turnkey: { form: /^[\w-]{1,64}$/, says: 'the id of a private key, or its address' },
  fireblocks: { form: /^\d{1,20}$/, says: 'the number of a vault account' },
};
/** The longest name that any service gives a key, in characters. */
export const SERVICE_KEY_MOST = 350;

/** Throws `body_invalid` when the service gives no key such a name. */
export function requireServiceKey({ service, key }: ServiceKey): void {
  const { form, says } = NAMES[service];
  if (key.length > SERVICE_KEY_MOST || !form.test(key))
    throw new Fault('body_invalid', `agentSigner.key must be ${says}, as ${service} names it.`);
}

/**
 * The text that a service signs to show that it holds the key of an address. It begins as Solana's
 * off-chain messages do, with a byte that no transaction begins with, so that the signature can
 * never be one of a transaction.
 */
export function proofText(address: string): Uint8Array {
  const text = new TextEncoder().encode(`Bailiff asks whether this key signs for ${address}.`);
  const domain = Uint8Array.from([0xff, ...new TextEncoder().encode('solana offchain')]);
  // Version 0, format 0 (printable ASCII), and the length in two bytes, lowest first.
  const head = Uint8Array.from([0, 0, text.length & 0xff, text.length >> 8]);
  return Uint8Array.from([...domain, ...head, ...text]);
}
