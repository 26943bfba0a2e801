// Schema of signers: the settings of the services that keep keys and sign with them. Their secrets
// come from the environment.
import Type from 'typebox';
import { SERVICE_KEY_MOST, SIGNER_SERVICES } from '../core/service-key.ts';
import { milliseconds } from './schema-kinds.ts';

const address = (description: string) =>
  Type.String({ pattern: '^https?://', maxLength: 300, description });
const strict = { additionalProperties: false } as const;
const name = (description: string) => Type.String({ minLength: 1, maxLength: 200, description });

export const SIGNERS = Type.Object(
  {
    answerMs: milliseconds(
      'How long one signature is waited for. The service then rests, and the payment waits. A blockhash lasts about 60 seconds.',
      100,
    ),
    vault: Type.Union(
      [
        Type.Object(
          { url: address('The address of Vault. Keys are ed25519 keys of the transit engine.') },
          strict,
        ),
        Type.Null(),
      ],
      { description: 'HashiCorp Vault; its token is BAILIFF_VAULT_TOKEN.' },
    ),
    awsKms: Type.Union(
      [
        Type.Object(
          {
            region: Type.Union([name('The region.'), Type.Null()], {
              description: 'null takes the region of the environment (AWS_REGION).',
            }),
          },
          strict,
        ),
        Type.Null(),
      ],
      {
        description:
          'AWS KMS, keys of the spec ECC_NIST_EDWARDS25519. Credentials are found as the AWS SDK finds them.',
      },
    ),
    turnkey: Type.Union(
      [
        Type.Object(
          { url: address('The address of the API.'), organizationId: name('The organization.') },
          strict,
        ),
        Type.Null(),
      ],
      { description: 'Turnkey; its key is BAILIFF_TURNKEY_PUBLIC_KEY and _PRIVATE_KEY.' },
    ),
    fireblocks: Type.Union(
      [
        Type.Object(
          {
            url: address('The address of the API.'),
            assetId: name('The asset whose address a vault account has: SOL.'),
          },
          strict,
        ),
        Type.Null(),
      ],
      { description: 'Fireblocks; its key is BAILIFF_FIREBLOCKS_API_KEY and _PRIVATE_KEY.' },
    ),
    sponsor: Type.Union(
      [
        Type.Object(
          {
            service: Type.Enum([...SIGNER_SERVICES]),
            key: Type.String({ minLength: 1, maxLength: SERVICE_KEY_MOST }),
            address: Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{32,44}$' }),
          },
          strict,
        ),
        Type.Null(),
      ],
      {
        description:
          'The key of the sponsor at a service, in the place of BAILIFF_SPONSOR_KEY, and its address.',
      },
    ),
  },
  strict,
);
