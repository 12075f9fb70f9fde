import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { AUDIT_ACTIONS } from '../../core/auditActions.js';
import { codeOf, sectionOf } from './tables.js';

test('docs/api.md names every action that the audit records, and no other', () => {
  const audit = sectionOf(readFileSync('docs/api.md', 'utf8'), 'Audit');
  const list = /^- \*\*Actions\*\*.*?: (.*?)^(- |$)/ms.exec(audit)?.[1] ?? '';
  let resource = '';
  const told = codeOf(list).map((word) => {
    resource = /^\w+/.exec(word)?.[0] ?? resource;
    return word.startsWith('.') ? resource + word : word;
  });
  expect(told.toSorted()).toEqual(AUDIT_ACTIONS.toSorted());
});
