import { CliError } from './client.js';
import { clusterProblems, inFile } from './documentProblems.js';
import type { FileDocument } from './documents.js';
import { ExitCode } from './exitCodes.js';
import { readList } from './lists.js';
import {
  credentialNameFor,
  findLocalKeys,
  openSshFingerprint,
  withUploadedKeys,
  type LocalKey,
} from './localKeys.js';
import { projectPath } from './paths.js';
import type { Session } from './session.js';

interface KnownCredential {
  metadata: { name: string };
  spec: { privateKeyPath?: string };
  status: { fingerprint: string };
}

/**
 * Uploads the keys of a Cluster that lie on this computer as credentials of the project, says so, and gives the Cluster
 * that names them. A key of OpenSSH's format that is there already is not sent again; those of
 * other formats do not show their public half, and are.
 * @throws CliError of the server, about the file and not about the credential that nobody has written.
 */
export async function uploadKeys(
  { client, project }: Session,
  document: FileDocument,
  say: (line: string) => void,
): Promise<Record<string, unknown>> {
  const keys = findLocalKeys(document);
  if (keys.length === 0) return document.value;
  // A key is not left with the server for a Cluster that it is going to refuse.
  const problems = await clusterProblems(document.value, project);
  if (problems.length > 0) {
    throw new CliError(
      'the cluster is not valid',
      ExitCode.BadDocument,
      inFile(document, problems),
    );
  }
  const path = `${projectPath(project)}/credentials`;
  const { items } = await readList<KnownCredential>(client, path);
  for (const key of keys) {
    const known = items.find(({ spec }) => spec.privateKeyPath === key.path);
    const fingerprint = openSshFingerprint(key.text);
    if (known !== undefined && known.status.fingerprint === fingerprint) {
      say(`key ${key.path} is credential ${known.metadata.name} of project ${project} already`);
      continue;
    }
    const name = known?.metadata.name ?? credentialNameFor(key.path);
    await client
      .send('POST', path, { type: 'application/json', text: JSON.stringify(credential(name, key)) })
      .catch((error: unknown) => {
        throw aboutFile(error, key);
      });
    say(`key ${key.path} is uploaded as credential ${name} of project ${project}`);
  }
  return withUploadedKeys(document, keys);
}

function credential(name: string, { path, text, passphrase }: LocalKey): object {
  return {
    metadata: { name },
    spec: {
      ...{ privateKeyPath: path, privateKey: text },
      ...(passphrase === undefined ? {} : { passphrase }),
    },
  };
}

function aboutFile(error: unknown, { given }: LocalKey): unknown {
  if (!(error instanceof CliError) || error.status === undefined) return error;
  const problems = error.problems.map(({ path, message }) => ({
    path: path === 'spec.passphrase' ? 'passphrase' : '',
    message,
  }));
  const { message, exitCode, status } = error;
  return new CliError(`key ${given} cannot be uploaded: ${message}`, exitCode, problems, status);
}
