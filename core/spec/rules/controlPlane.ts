import type { Problem } from '../../errors.js';
import { at, items, problemAt, text, type Cursor } from '../cursor.js';
import { OWNED_CONTROL_PLANE_ARGS } from '../ownedSettings.js';
import { extraArgsProblems } from './extraArgs.js';
import type { Rule } from './rule.js';

const VOLUME_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** kubeadm's own mounts in its static pods. */
const OWNED_VOLUMES: ReadonlySet<string> = new Set([
  'ca-certs',
  'etc-ca-certificates',
  'etc-pki',
  'etc-pki-ca-trust',
  'etc-pki-tls-certs',
  'etcd-certs-0',
  'flexvolume-dir',
  'k8s-certs',
  'kubeconfig',
  'usr-local-share-ca-certificates',
  'usr-share-ca-certificates',
]);

/** Flags and files of the control plane are not kubeadm's own, and each mount has its volume. */
export const controlPlaneRule: Rule = (root) => {
  const overrides = at(root, 'spec', 'config', 'controlPlaneOverrides');
  return Object.entries(OWNED_CONTROL_PLANE_ARGS).flatMap(([component, owned]) => {
    const override = at(overrides, component);
    return [
      ...extraArgsProblems(at(override, 'extraArgs'), owned),
      ...volumeProblems(
        items(at(override, 'extraVolumes')),
        items(at(override, 'extraVolumeMounts')),
      ),
    ];
  });
};

function volumeProblems(volumes: Cursor[], mounts: Cursor[]): Problem[] {
  return [
    ...names(volumes, 'volume'),
    ...names(mounts, 'mount'),
    ...volumes.flatMap((volume) => absolute(at(volume, 'hostPath', 'path'))),
    ...mounts.flatMap((mount) => absolute(at(mount, 'mountPath'))),
    ...partners(mounts, volumes, 'no volume of this name in extraVolumes'),
    ...partners(volumes, mounts, 'no mount of this name in extraVolumeMounts'),
  ];
}

function names(entries: Cursor[], what: string): Problem[] {
  const seen = new Set<string>();
  return entries.flatMap((entry) => {
    const cursor = at(entry, 'name');
    const name = text(cursor);
    if (name === undefined) return [];
    if (!VOLUME_NAME.test(name)) {
      return [
        problemAt(
          cursor,
          `${JSON.stringify(name)} is not a volume's name: 1–63 lower-case letters, digits and "-"`,
        ),
      ];
    }
    if (OWNED_VOLUMES.has(name)) {
      return [
        problemAt(cursor, `${JSON.stringify(name)} is a volume of kubeadm: take another name`),
      ];
    }
    if (seen.has(name)) {
      return [problemAt(cursor, `there is a ${what} ${JSON.stringify(name)} already`)];
    }
    seen.add(name);
    return [];
  });
}

function absolute(cursor: Cursor): Problem[] {
  const path = text(cursor);
  if (path === undefined || (path.startsWith('/') && !path.split('/').includes('..'))) return [];
  return [problemAt(cursor, `${JSON.stringify(path)} is not an absolute path without ".."`)];
}

function partners(entries: Cursor[], others: Cursor[], missing: string): Problem[] {
  const known = new Set(others.map((other) => text(at(other, 'name'))));
  return entries
    .map((entry) => at(entry, 'name'))
    .filter((cursor) => text(cursor) !== undefined && !known.has(text(cursor)))
    .map((cursor) => problemAt(cursor, `${JSON.stringify(cursor.value)}: ${missing}`));
}
