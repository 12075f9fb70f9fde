import { parseAllDocuments, stringify } from 'yaml';

/*
 * Kubernetes' own programs read YAML as its version 1.1 says: an `Off` or a `yes` without quotes is a boolean to them, and
 * `0644` is octal. What they are given, and what they publish, is written and read by the same rules.
 */
const VERSION = '1.1';

/** The objects of a manifest, empty documents left out. */
export function readObjects<Shape extends object>(text: string): Shape[] {
  return parseAllDocuments(text, { version: VERSION })
    .map((document) => document.toJS() as Shape | null)
    .filter((object): object is Shape => object !== null);
}

/** Documents for kubectl, kubeadm or a kubelet, one after another. */
export function writeObjects(objects: readonly object[]): string {
  return objects
    .map((object) =>
      stringify(object, { lineWidth: 0, version: VERSION, aliasDuplicateObjects: false }),
    )
    .join('---\n');
}
