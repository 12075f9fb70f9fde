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

import { AppError, ErrorCode, type Problem } from '../errors.js';

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
 * What a YAML text of one document says, with YAML 1.2's core types (`yes` and `012` stay text and number).
 * @throws AppError InvalidRequest with line and column when it is not YAML, or names a key twice.
 */
export function parseYaml(text: string): unknown {
  refuseTooManyTokens(text);
  const lineCounter = new LineCounter();
  const document = compose(text, lineCounter);
  const defects: string[] = [];
  try {
    defects.push(...yamlDefects(document).map((defect) => placed(defect, lineCounter)));
    if (defects.length === 0) return yamlValue(document);
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
  const defects = all.flatMap(yamlDefects).slice(0, MAX_DEFECTS);
  if (defects.length > 0) {
    return { values: [], defects: defects.map((defect) => placed(defect, lineCounter)) };
  }
  try {
    const values = all.map(yamlValue);
    return { values, defects: [] };
  } catch (error) {
    const problems = error instanceof AppError ? error.problems : [];
    const words = problems.map(({ message }) => message.replace(/^the body/, 'it'));
    return { values: [], defects: words.length > 0 ? words : ['it is not valid YAML'] };
  }
}

/** What is wrong with a document, in words that quote none of its values, and where in the text. */
export interface YamlDefect {
  offset: number;
  message: string;
}

/** The first defects of a document that was composed with `uniqueKeys: false`. */
export function yamlDefects(document: Document): YamlDefect[] {
  // A warning is a tag that nothing here understands: what it asks for would be left out.
  const found = [...document.errors.slice(0, MAX_DEFECTS), ...document.warnings]
    .slice(0, MAX_DEFECTS)
    .map(({ pos: [offset], message }) => ({ offset, message: withoutText(message) }));
  return found.length > 0 ? found : nodeDefects(document);
}

/**
 * What a document without defects says.
 * @throws Error for aliases that multiply without end; AppError for what no document of ours holds.
 */
export function yamlValue(document: Document): unknown {
  return checked(document.toJS({ maxAliasCount: 100 }) as unknown);
}

function placed({ offset, message }: YamlDefect, lineCounter: LineCounter): string {
  const { line, col } = lineCounter.linePos(offset);
  return `line ${line}, column ${col}: ${message}`;
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
function nodeDefects(document: Document): YamlDefect[] {
  const defects: YamlDefect[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        if (anchors.has(node.source)) return;
        const message = 'an alias ("*…") of what nothing before is named';
        defects.push({ offset: node.range?.[0] ?? 0, message });
        return;
      }
      if (node.anchor !== undefined) anchors.add(node.anchor);
      if (isMap(node)) defects.push(...keyDefects(node));
    },
  });
  return defects;
}

function keyDefects(map: YAMLMap): YamlDefect[] {
  const seen = new Set<unknown>();
  return map.items.flatMap(({ key }) => {
    const offset = (isNode(key) ? key.range?.[0] : undefined) ?? 0;
    if (!isScalar(key)) return [{ offset, message: 'a key must be a text' }];
    if (seen.has(key.value)) {
      return [{ offset, message: `the key ${String(key.value)} is there twice` }];
    }
    seen.add(key.value);
    return [];
  });
}

/** What is thrown of a body with these defects. */
export function malformed(what: string, defects: readonly string[]): AppError {
  const problems: Problem[] = defects
    .slice(0, MAX_DEFECTS)
    .map((message) => ({ path: '', message }));
  return new AppError(ErrorCode.InvalidRequest, `the body is not valid ${what}`, { problems });
}

/** Refuses what no document of ours holds and a database or a recursion would stumble over. */
export function checked(value: unknown): unknown {
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
