import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { ROUTE_NEEDS } from '../api/routeNeeds.js';
import { codeOf, sectionOf, tableRows } from './tables.js';

const PREFIX = '/apis/infra.k8smgmt.io/v3/projects/{project}';
const NEEDS: Readonly<Record<string, string>> = {
  'no key': 'nothing',
  'installer token': 'token',
  'viewer of all projects': 'viewer of all',
  'admin of all projects': 'admin of all',
};
/** Pages, and what only they call. */
const OF_THE_CONSOLE = /^\w+ (\/|\/(clusters|assets|console|swagger)\/.*)$/;

/** `GET …/clusters/{name}`, whatever a page and the code call its parameters. */
function normal(route: string): string {
  return route
    .replace('…', PREFIX)
    .replace(/\/$/, '')
    .replaceAll(/\{\w+\}|:\w+/g, '{}');
}

/** A row: methods and paths, and a role for all of them, or `ROLE; METHOD: OTHER`. */
function needsOfRow([routes = '', roles = '']: string[]): [route: string, need: string][] {
  const [role = '', ...others] = roles.replaceAll('`', '').split('; ');
  const ofMethod = new Map(others.map((other) => other.split(': ') as [string, string]));
  return codeOf(routes).flatMap((code) => {
    const path = code.slice(code.lastIndexOf(' ') + 1);
    const methods = code.slice(0, code.lastIndexOf(' ')).split(', ');
    return methods.map((method): [string, string] => {
      const need = ofMethod.get(method) ?? role;
      return [normal(`${method} ${path}`), NEEDS[need] ?? need];
    });
  });
}

test('the table of routes in docs/api.md has every route of the API, with the role that it needs', () => {
  const rows = tableRows(sectionOf(readFileSync('docs/api.md', 'utf8'), 'Routes'));
  const told = rows.flatMap(needsOfRow);
  const known = Object.entries(ROUTE_NEEDS)
    .filter(([route]) => !OF_THE_CONSOLE.test(route))
    .map(([route, need]): [string, string] => [normal(route), need]);
  expect(told.toSorted()).toEqual(known.toSorted());
});
