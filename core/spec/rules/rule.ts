import type { Problem } from '../../errors.js';
import type { Cursor } from '../cursor.js';
import type { ParseContext } from '../parseContext.js';

/**
 * Something that must hold between fields, or that no pattern says. Sees the raw document, because it must speak
 * even where the schema has found problems: it skips what it cannot read and never throws.
 */
export type Rule = (root: Cursor, context: ParseContext) => Problem[];
