// Keychain: opens the signers of key services by the packages @solana/keychain-*, one for each
// service. A package is loaded when its service is configured, and is an optional dependency, so an
// installation that keeps every key sealed in its ledger runs without them.
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { SignerService } from '../core/service-key.ts';

/** The part of a signer of @solana/keychain-* that is used here. */
export type KeychainSigner = {
  readonly address: string;
  signMessages(
    messages: readonly { content: Uint8Array; signatures: Record<string, never> }[],
  ): Promise<readonly Readonly<Record<string, Uint8Array>>[]>;
};
/** Opens the signer of one key. Throws what the package throws. */
export type OpenSigner = (key: string, address: Address) => Promise<KeychainSigner>;

/** The access to each service; null for a service that is not configured. */
export type ServiceAccess = {
  readonly vault: { readonly url: string; readonly token: string } | null;
  /** Credentials come as AWS gives them: by environment, profile, web identity or instance role. */
  readonly 'aws-kms': { readonly region: string | null } | null;
  readonly turnkey: {
    readonly url: string;
    readonly organizationId: string;
    readonly publicKey: string;
    readonly privateKey: string;
  } | null;
  readonly fireblocks: {
    readonly url: string;
    readonly assetId: string;
    readonly apiKey: string;
    readonly privateKeyPem: string;
  } | null;
};

type Maker = new (config: Record<string, unknown>) => KeychainSigner & { init?(): Promise<void> };

/** Loads a class of a package. Throws `settings_invalid` when the package is not installed. */
async function makerOf(service: SignerService, name: string): Promise<Maker> {
  const specifier = `@solana/keychain-${service}`;
  try {
    const loaded = (await import(specifier)) as Record<string, Maker>;
    return loaded[name] as Maker;
  } catch (thrown) {
    throw new Fault(
      'settings_invalid',
      `signers: ${specifier} is not installed, and a key of ${service} is to sign. Install the optional dependencies: npm ci --include=optional.`,
      { cause: thrown },
    );
  }
}

/** How often Fireblocks is asked whether it has signed. */
const FIREBLOCKS_POLL_MS = 500;

/**
 * The opener of each configured service. `answerMs` bounds how long Fireblocks is asked; a caller
 * bounds the others.
 */
export function openersOf(
  access: ServiceAccess,
  answerMs: number,
): ReadonlyMap<SignerService, OpenSigner> {
  const { vault, turnkey, fireblocks } = access;
  const kms = access['aws-kms'];
  const openers = new Map<SignerService, OpenSigner>();
  if (vault !== null)
    openers.set('vault', async (keyName, publicKey) => {
      const Vault = await makerOf('vault', 'VaultSigner');
      return new Vault({ vaultAddr: vault.url, vaultToken: vault.token, keyName, publicKey });
    });
  if (kms !== null)
    openers.set('aws-kms', async (keyId, publicKey) => {
      const Kms = await makerOf('aws-kms', 'AwsKmsSigner');
      return new Kms({ keyId, publicKey, ...(kms.region === null ? {} : { region: kms.region }) });
    });
  if (turnkey !== null)
    openers.set('turnkey', async (privateKeyId, publicKey) => {
      const Turnkey = await makerOf('turnkey', 'TurnkeySigner');
      return new Turnkey({
        apiBaseUrl: turnkey.url,
        apiPublicKey: turnkey.publicKey,
        apiPrivateKey: turnkey.privateKey,
        organizationId: turnkey.organizationId,
        privateKeyId,
        publicKey,
      });
    });
  if (fireblocks !== null)
    openers.set('fireblocks', async (vaultAccountId) => {
      const Fireblocks = await makerOf('fireblocks', 'FireblocksSigner');
      const signer = new Fireblocks({
        apiBaseUrl: fireblocks.url,
        apiKey: fireblocks.apiKey,
        privateKeyPem: fireblocks.privateKeyPem,
        assetId: fireblocks.assetId,
        vaultAccountId,
        pollIntervalMs: FIREBLOCKS_POLL_MS,
        maxPollAttempts: Math.ceil(answerMs / FIREBLOCKS_POLL_MS),
        // Fireblocks would broadcast a program call itself. Only the daemon sends.
        useProgramCall: false,
      });
      // Asks Fireblocks for the address of the vault account.
      await signer.init?.();
      return signer;
    });
  return openers;
}
