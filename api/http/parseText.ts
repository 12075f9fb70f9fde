import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  visit,
  type Document,
  type YAMLMap,
} from 'yaml';

import { AppError, ErrorCode, type Problem } from '../../core/errors.js';
import { jsonDefect } from './jsonDefect.js';

/** Deeper than any spec is; MongoDB keeps at most 100 levels. */
const MAX_DEPTH = 64;
/**
 * A machine of a spec is about 150 tokens of YAML, with every field 300. The library takes seconds for a megabyte of
 * tiny ones, and nobody else is answered meanwhile.
 */
const MAX_YAML_TOKENS = 400_000;
/** More of them help nobody. */
const MAX_DEFECTS = 20;

/**
 * What a JSON text says.
 * @throws AppError InvalidRequest with line and column when it is not JSON.
 */
export function parseJson(text: string): unknown {
  try {
    return checked(JSON.parse(text) as unknown);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const defect = jsonDefect(text) ?? { offset: 0, reason: 'not JSON' };
    throw malformed('JSON', [`${position(text, defect.offset)}: ${defect.reason}`]);
  }
}

/**
 * What a YAML text of one document says, with YAML 1.2's core types (`yes` and `012` stay text and number).
 * @throws AppError InvalidRequest with line and column when it is not YAML, or names a key twice.
 */
export function parseYaml(text: string): unknown {
  refuseTooManyTokens(text);
  const lineCounter = new LineCounter();
  const document = compose(text, lineCounter);
  const at = (offset = 0): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  // A warning is a tag that nothing here understands: what it asks for would be left out.
  const defects = [...document.errors.slice(0, MAX_DEFECTS), ...document.warnings]
    .slice(0, MAX_DEFECTS)
    .map((error) => `${at(error.pos[0])}: ${withoutText(error.message)}`);
  try {
    if (defects.length === 0) defects.push(...nodeDefects(document, at));
    if (defects.length === 0) return checked(document.toJS({ maxAliasCount: 100 }) as unknown);
  } catch (error) {
    if (error instanceof AppError) throw error;
    defects.push(error instanceof Error ? error.message : String(error));
  }
  throw malformed('YAML', defects);
}

/**
 * All documents of a YAML text that is a part of a body: what they say, and what is wrong with them in words that quote
 * nothing. Never throws.
 */
export function parseYamlDocuments(text: string): { values: unknown[]; defects: string[] } {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter,
    uniqueKeys: false,
    prettyErrors: false,
  });
  // Of an empty text the library gives none, with a list's properties of its own.
  const all = Array.isArray(documents) ? documents : [];
  const at = (offset = 0): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const defects = all.flatMap((document) => {
    const found = [...document.errors, ...document.warnings].map(
      (error) => `${at(error.pos[0])}: ${withoutText(error.message)}`,
    );
    return found.length > 0 ? found : nodeDefects(document, at);
  });
  if (defects.length > 0) return { values: [], defects: defects.slice(0, 20) };
  try {
    const values = all.map((each) => checked(each.toJS({ maxAliasCount: 100 }) as unknown));
    return { values, defects: [] };
  } catch (error) {
    const problems = error instanceof AppError ? error.problems : [];
    const words = problems.map(({ message }) => message.replace(/^the body/, 'it'));
    return { values: [], defects: words.length > 0 ? words : ['it is not valid YAML'] };
  }
}

/** Half a microsecond a token, where the document as a whole costs ten times that. */
function refuseTooManyTokens(text: string): void {
  let tokens = 0;
  for (const _token of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MAX_YAML_TOKENS) throw refused('the YAML has too many parts: send it as JSON');
  }
}

function compose(text: string, lineCounter: LineCounter): Document {
  // A text of nothing but defects has one at each character: none of them needs to know where in our code it was found.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    // The library looks for duplicate keys pairwise: a body of many keys would stop the whole process.
    return parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Some of the library's messages end with a piece of the document, which may be of a key or a password. */
function withoutText(message: string): string {
  return message
    .replace(
      /^((?:Unresolved|Could not resolve|Block scalar|Unexpected|Not a)[^:]*): [\s\S]*$/,
      '$1',
    )
    .replace(/^Maximum call stack size exceeded$/, 'nested too deep')
    .replace(/^(Unknown directive|Unsupported YAML version|The) .*$/, '$1 …');
}

/** Keys that are there twice or are no text, and aliases of what was not named before. */
function nodeDefects(document: Document, at: (offset?: number) => string): string[] {
  const defects: string[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        if (anchors.has(node.source)) return;
        defects.push(`${at(node.range?.[0])}: an alias ("*…") of what nothing before is named`);
        return;
      }
      if (node.anchor !== undefined) anchors.add(node.anchor);
      if (isMap(node)) defects.push(...keyDefects(node, at));
    },
  });
  return defects;
}

function keyDefects(map: YAMLMap, at: (offset?: number) => string): string[] {
  const seen = new Set<unknown>();
  return map.items.flatMap(({ key }) => {
    if (!isScalar(key)) {
      return [`${at(isNode(key) ? key.range?.[0] : undefined)}: a key must be a text`];
    }
    if (seen.has(key.value)) {
      return [`${at(key.range?.[0])}: the key ${String(key.value)} is there twice`];
    }
    seen.add(key.value);
    return [];
  });
}

function malformed(what: string, defects: readonly string[]): AppError {
  const problems: Problem[] = defects
    .slice(0, MAX_DEFECTS)
    .map((message) => ({ path: '', message }));
  return new AppError(ErrorCode.InvalidRequest, `the body is not valid ${what}`, { problems });
}

function position(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  return `line ${String(line)}, column ${String(column)}`;
}

/** Refuses what no document of ours holds and a database or a recursion would stumble over. */
function checked(value: unknown): unknown {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) {
      throw refused(`the body is nested more than ${String(MAX_DEPTH)} levels deep`);
    }
    const next: unknown[] = [];
    for (const item of level) {
      if (item === null || typeof item !== 'object') continue;
      for (const [key, inner] of Object.entries(item)) {
        if (key === '__proto__' || key.includes('\0')) {
          throw refused(`the name ${JSON.stringify(key)} cannot be used`);
        }
        next.push(inner);
      }
    }
    level = next;
  }
  return value;
}

function refused(message: string): AppError {
  return new AppError(ErrorCode.InvalidRequest, 'the body cannot be read', {
    problems: [{ path: '', message }],
  });
}
