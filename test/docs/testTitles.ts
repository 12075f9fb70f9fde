import ts from 'typescript';

const TESTS = new Set(['it', 'test']);
const GROUPS = new Set(['describe']);

/** Titles of every test of a file, each after the titles of its groups; rows of a rule table are tests. */
export function testTitles(source: string): string[][] {
  const titles: string[][] = [];
  const file = ts.createSourceFile('a.ts', source, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node, groups: readonly string[]): void => {
    if (!ts.isCallExpression(node)) {
      ts.forEachChild(node, (child) => visit(child, groups));
      return;
    }
    const called = rootName(node.expression);
    const title = textOf(node.arguments[0]);
    if (called === 'ruleTable') titles.push(...rowTitles(node).map((row) => [...groups, row]));
    if (title !== undefined && TESTS.has(called)) titles.push([...groups, title]);
    const inside = title !== undefined && GROUPS.has(called) ? [...groups, title] : groups;
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(file, []);
  return titles;
}

/** `it` of `it(…)`, `it.each(…)(…)` and `it.skipIf(…)(…)`. */
function rootName(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return expression.text;
  if (ts.isPropertyAccessExpression(expression)) return rootName(expression.expression);
  if (ts.isCallExpression(expression)) return rootName(expression.expression);
  return '';
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function rowTitles(call: ts.CallExpression): string[] {
  const rows = call.arguments[0];
  if (rows === undefined || !ts.isArrayLiteralExpression(rows)) return [];
  return rows.elements.flatMap((row) =>
    ts.isObjectLiteralExpression(row)
      ? row.properties.flatMap((property) =>
          ts.isPropertyAssignment(property) && property.name.getText() === 'title'
            ? (textOf(property.initializer) ?? [])
            : [],
        )
      : [],
  );
}
