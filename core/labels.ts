/** One condition of a label selector. `exists` and `absent` have no values. */
export interface LabelRequirement {
  key: string;
  operator: 'in' | 'notIn' | 'exists' | 'absent';
  values: readonly string[];
}

/** Whether all conditions hold. As in Kubernetes, a label that is not there is not in any set. */
export function matchesLabels(
  labels: Readonly<Record<string, string>> | undefined,
  requirements: readonly LabelRequirement[],
): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'in':
        return value !== undefined && values.includes(value);
      case 'notIn':
        return value === undefined || !values.includes(value);
      case 'exists':
        return value !== undefined;
      case 'absent':
        return value === undefined;
    }
  });
}

/**
 * What an index over labels holds: each key, and each pair. No key holds a `=`, so a text is one or the other.
 */
export function labelTerms(labels: Readonly<Record<string, string>> | undefined): string[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [key, `${key}=${value}`]);
}
