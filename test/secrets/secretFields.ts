/**
 * Fields, headers and schemes of the API's document that hold a secret, and the name of the one that
 * plantedSecrets.test.ts plants there.
 */
export const PLANTED_FIELDS: Readonly<Record<string, string>> = {
  'ClusterSsh.passphrase': 'passphrase of the cluster',
  'ClusterSsh.privateKeyPath': 'key file of the cluster',
  'NodeSsh.passphrase': 'passphrase of the node',
  'NodeSsh.privateKeyPath': 'key file of the node',
  'ClusterSpec.cloudCredentials': 'key of the credential',
  'Bastion.cloudCredentials': 'key of the bastion',
  'Proxy.proxyAuth': 'password of the proxy',
  'Credential.spec.privateKey': 'key of the credential',
  'Credential.spec.passphrase': 'passphrase of the credential',
  'Webhook.spec.signingSecret': 'secret of the webhook',
  'NewApiKey.key': 'operator key',
  'scheme apiKey': 'admin key',
  'scheme bearer': 'operator key',
  'scheme installerToken': 'installer token',
};

/** Named as if they held one. */
export const HARMLESS_FIELDS: Readonly<Record<string, string>> = {
  'Bastion.hostKey': 'a public key',
  'NodeSsh.hostKey': 'a public key',
  'Credential.spec.hostKey': 'a public key',
  'CredentialView.spec.hostKey': 'a public key',
  'MachineRegistration.hostKeys': 'public keys',
  'NodeRegistration.hostKeys': 'public keys',
  'NodeDetails.hostKey': 'a public key',
  'NodeDetails.bastionHostKey': 'a public key',
  'NodeDetails.certificates': 'when they end',
  'MachineHealth.certificates': 'when they end',
  'MachineHealth.certificatesExpireAt': 'when the first ends',
  'Node.privateIP': 'an address',
  'NodeDetails.privateIP': 'an address',
  'Taint.key': 'of a taint',
  'Toleration.key': 'of a taint',
  'Credential.spec.privateKeyPath': 'names a file that is not read',
  'CredentialView.spec.privateKeyPath': 'names a file that is not read',
  'CredentialView.status.keyType': 'the kind of key',
  'CredentialView.status.passphrase': 'whether there is one',
  'RotatedSecrets.keyId': 'the id of a key',
  'header Idempotency-Key': 'of no use but to whom it is from; kept as a hash',
};

const SUSPECT = /key|pass|secret|token|auth|credential|private|cert|session|cookie/i;

interface Schema {
  properties?: Record<string, Schema>;
  writeOnly?: boolean;
}

export interface ApiDocument {
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, unknown> };
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: { in: string; name: string }[];
        responses?: Record<string, { content?: Record<string, { schema?: Schema }> }>;
      }
    >
  >;
}

/** Every field that is write-only or named like a secret, each once, `Component.field`. */
export function suspectFields({ components, paths }: ApiDocument): string[] {
  const found = new Set(Object.keys(components.securitySchemes).map((name) => `scheme ${name}`));
  for (const [name, schema] of Object.entries(components.schemas)) walk(schema, name, found);
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { parameters = [], responses = {} }] of Object.entries(operations)) {
      for (const { in: where, name } of parameters) {
        if (SUSPECT.test(name)) found.add(`${where} ${name}`);
      }
      for (const { content = {} } of Object.values(responses)) {
        for (const { schema } of Object.values(content)) walk(schema, `${method} ${path}`, found);
      }
    }
  }
  return [...found].toSorted();
}

function walk(schema: unknown, path: string, found: Set<string>): void {
  if (schema === null || typeof schema !== 'object') return;
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'properties') {
      for (const [field, inner] of Object.entries(value as Record<string, Schema>)) {
        if (inner.writeOnly === true || SUSPECT.test(field)) found.add(`${path}.${field}`);
        walk(inner, `${path}.${field}`, found);
      }
    } else if (name !== 'example' && name !== 'examples') {
      walk(value, path, found);
    }
  }
}
