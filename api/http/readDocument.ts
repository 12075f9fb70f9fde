import type { z } from 'zod';

import { AppError, ErrorCode, type Problem } from '../../core/errors.js';
import { parseYaml } from '../../core/spec/yamlText.js';
import type { ApiContext } from '../env.js';
import { HttpError, HttpErrorCode } from './httpError.js';
import { parseJson } from './parseJson.js';
import { readText } from './readText.js';

const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'text/json']);
const YAML_TYPES: ReadonlySet<string> = new Set([
  'application/yaml',
  'application/x-yaml',
  'application/x-rafay-yaml',
  'text/yaml',
  'text/x-yaml',
]);

/**
 * The body as a document: JSON or YAML by its content type; without one, JSON when it starts like JSON.
 * @throws HttpError 415 for any other type, 413 for too much (`maxBytes`, where that is less than any body may have); AppError InvalidRequest when it is malformed.
 */
export async function readDocument(c: ApiContext, maxBytes?: number): Promise<unknown> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const text = await readText(c, maxBytes);
  if (type !== '' && !JSON_TYPES.has(type) && !YAML_TYPES.has(type)) {
    throw new HttpError(
      415,
      HttpErrorCode.UnsupportedMediaType,
      `content type ${type} is not read here: send application/json or application/yaml`,
    );
  }
  if (text.trim() === '') {
    throw new AppError(ErrorCode.InvalidRequest, 'the body is empty', {
      problems: [{ path: '', message: 'expected a JSON or YAML document' }],
    });
  }
  const looksLikeJson = /^\s*[[{"]/.test(text);
  return JSON_TYPES.has(type) || (type === '' && looksLikeJson) ? parseJson(text) : parseYaml(text);
}

/** The body, checked against a schema. @throws AppError InvalidRequest with every problem and its path. */
export async function readBody<T extends z.ZodType>(
  c: ApiContext,
  schema: T,
  maxBytes?: number,
): Promise<z.output<T>> {
  const parsed = schema.safeParse(await readDocument(c, maxBytes));
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error);
}

/** What zod found, in our form: one problem per unknown field. */
export function invalid(error: z.ZodError): AppError {
  const problems = problemsOf(error);
  return new AppError(ErrorCode.InvalidRequest, 'the request is not valid', { problems });
}

function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = pathText(issue.path);
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: path === '' ? key : `${path}.${key}`,
      message: 'unknown field',
    }));
  });
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${String(part)}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}
