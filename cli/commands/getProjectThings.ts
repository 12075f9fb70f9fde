import { age } from '../age.js';
import { readList } from '../lists.js';
import { printList, type Column, type OutputOptions } from '../output.js';
import { projectPath } from '../paths.js';
import type { CommandContext } from '../program.js';

interface BlueprintOfList {
  metadata: { name: string; description?: string; modifiedAt?: string };
  spec: { base?: { name: string }; addons?: { name: string }[] };
  status: { builtIn: boolean; version?: string };
}

interface CredentialOfList {
  metadata: { name: string; modifiedAt: string };
  spec: { username?: string; privateKeyPath?: string };
  status: { keyType: string; fingerprint: string; passphrase: boolean };
}

export async function getBlueprints(
  context: CommandContext,
  options: OutputOptions,
): Promise<void> {
  const { client, project } = context.session();
  const { items } = await readList<BlueprintOfList>(client, `${projectPath(project)}/blueprints`);
  const now = Date.now();
  const columns: Column<BlueprintOfList>[] = [
    { header: 'NAME', of: ({ metadata }) => metadata.name },
    { header: 'VERSION', of: ({ status }) => status.version ?? 'built in' },
    { header: 'BASE', of: ({ spec }) => spec.base?.name ?? '' },
    { header: 'ADDONS', of: ({ spec }) => String(spec.addons?.length ?? 0) },
    { header: 'CHANGED', of: ({ metadata }) => age(metadata.modifiedAt, now) },
    { header: 'DESCRIPTION', wide: true, of: ({ metadata }) => metadata.description ?? '' },
  ];
  await printList(context, items, {
    ...{ columns, name: ({ metadata }) => metadata.name, options },
    empty: `no blueprints in project ${project}`,
  });
}

export async function getCredentials(
  context: CommandContext,
  options: OutputOptions,
): Promise<void> {
  const { client, project } = context.session();
  const { items } = await readList<CredentialOfList>(client, `${projectPath(project)}/credentials`);
  const now = Date.now();
  const columns: Column<CredentialOfList>[] = [
    { header: 'NAME', of: ({ metadata }) => metadata.name },
    { header: 'TYPE', of: ({ status }) => status.keyType },
    { header: 'USER', of: ({ spec }) => spec.username ?? '' },
    { header: 'PASSPHRASE', of: ({ status }) => (status.passphrase ? 'yes' : 'no') },
    { header: 'CHANGED', of: ({ metadata }) => age(metadata.modifiedAt, now) },
    { header: 'KEY PATH', of: ({ spec }) => spec.privateKeyPath ?? '' },
    { header: 'FINGERPRINT', wide: true, of: ({ status }) => status.fingerprint },
  ];
  await printList(context, items, {
    ...{ columns, name: ({ metadata }) => metadata.name, options },
    empty: `no credentials in project ${project}`,
  });
}
