// Signer parts: opens the signers that the settings name beside sealed agent keys: the sponsor's
// key, and the services that keep keys.
import { openersOf, type ServiceAccess } from './chain/keychain.ts';
import { createRemoteSigners } from './chain/remote-signers.ts';
import { publicKeyOf, type SignerKeys } from './chain/signers.ts';
import type { Address } from './core/ids.ts';
import type { Clock, Log } from './core/ports.ts';
import type { Settings } from './system/settings.ts';

/** The address of the sponsor; null when there is none. */
export function sponsorOf({ secrets, signers }: Settings): Address | null {
  if (secrets.sponsorKey !== null) return publicKeyOf(secrets.sponsorKey);
  return (signers.sponsor?.address ?? null) as Address | null;
}

/** The signers beside sealed agent keys: the sponsor's key, and the services that keep keys. */
export function keysOf(settings: Settings, clock: Clock, log: Log): Omit<SignerKeys, 'vault'> {
  const { signers, secrets } = settings;
  const { sponsor, answerMs, vault, turnkey, fireblocks } = signers;
  const access: ServiceAccess = {
    vault:
      vault !== null && secrets.vaultToken !== null
        ? { url: vault.url, token: secrets.vaultToken }
        : null,
    'aws-kms': signers.awsKms,
    turnkey:
      turnkey !== null && secrets.turnkeyKey !== null
        ? { ...turnkey, ...secrets.turnkeyKey }
        : null,
    fireblocks:
      fireblocks !== null && secrets.fireblocksKey !== null
        ? { ...fireblocks, ...secrets.fireblocksKey }
        : null,
  };
  return {
    sponsorKey: secrets.sponsorKey,
    remote: createRemoteSigners({ openers: openersOf(access, answerMs), answerMs, clock, log }),
    remoteSponsor: sponsor === null ? null : { address: sponsor.address as Address, at: sponsor },
  };
}
