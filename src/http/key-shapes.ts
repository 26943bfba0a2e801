// Key shapes: the JSON in which a platform gives the key of an agent wallet.
import Type from 'typebox';
import { SERVICE_KEY_MOST, SIGNER_SERVICES } from '../core/service-key.ts';

export const SecretKeyText = Type.String({
  minLength: 64,
  maxLength: 400,
  description:
    'Secret key of the agent wallet: 64 bytes in base58, or a JSON array. Kept sealed, never returned.',
});

export const AgentSigner = Type.Object(
  {
    service: Type.Enum([...SIGNER_SERVICES]),
    key: Type.String({
      minLength: 1,
      maxLength: SERVICE_KEY_MOST,
      description:
        'The name of the key there: of a key of the transit engine, an id, alias or ARN of KMS, the id of a private key at Turnkey, or the number of a vault account at Fireblocks.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'In the place of agentSecretKey: the service that keeps the key of the agent wallet. It is asked to sign a text before the key is taken.',
  },
);

export const NewKey = Type.Object(
  { agentSecretKey: Type.Optional(SecretKeyText), agentSigner: Type.Optional(AgentSigner) },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 },
);
