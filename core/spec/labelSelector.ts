import type { LabelRequirement } from '../labels.js';
import { labelKeyProblem, labelValueProblem } from './labelSyntax.js';

export interface ParsedSelector {
  requirements: LabelRequirement[];
  /** In words; empty: it is a selector. */
  problems: string[];
}

/**
 * Kubernetes' label selectors: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function parseLabelSelector(text: string): ParsedSelector {
  const requirements: LabelRequirement[] = [];
  const problems: string[] = [];
  for (const part of partsOf(text)) {
    const found = requirementOf(part);
    if (typeof found === 'string') {
      problems.push(found);
      continue;
    }
    const wrong = [
      labelKeyProblem(found.key),
      ...found.values.map((value) => labelValueProblem(value)),
    ].filter((problem) => problem !== undefined);
    if (wrong.length > 0) problems.push(...wrong);
    else requirements.push(found);
  }
  return { requirements, problems };
}

/** At the commas that are not within brackets. An empty text selects everything. */
function partsOf(text: string): string[] {
  if (text.trim() === '') return [];
  return text.split(/,(?![^()]*\))/).map((part) => part.trim());
}

function requirementOf(part: string): LabelRequirement | string {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return { key, operator: operator === 'in' ? 'in' : 'notIn', values };
  }
  const pair = /^([^\s!=]+)\s*(==|=|!=)\s*([^\s!=]*)$/.exec(part);
  if (pair !== null) {
    const [, key = '', operator, value = ''] = pair;
    return { key, operator: operator === '!=' ? 'notIn' : 'in', values: [value] };
  }
  const absent = /^!\s*([^\s!=()]+)$/.exec(part)?.[1];
  if (absent !== undefined) return { key: absent, operator: 'absent', values: [] };
  if (/^[^\s!=()]+$/.test(part)) return { key: part, operator: 'exists', values: [] };
  return `${JSON.stringify(part)} is no condition: write a=b, a!=b, a in (b,c), a notin (b,c), a or !a, joined by commas`;
}
