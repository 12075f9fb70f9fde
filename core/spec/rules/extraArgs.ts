import type { Problem } from '../../errors.js';
import { members, problemAt, text, type Cursor } from '../cursor.js';

const FLAG = /^[a-z][a-z0-9-]*$/;
/** A newline or NUL would end the line of the file that the flag is written to. */
// eslint-disable-next-line no-control-regex -- control characters are what it finds
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Flags by name, without dashes, none of which is plinth's own. */
export function extraArgsProblems(args: Cursor, owned: ReadonlyMap<string, string>): Problem[] {
  return members(args).flatMap((flag) => {
    const { key } = flag;
    if (key.startsWith('-')) {
      const bare = key.replace(/^-+/, '');
      return [problemAt(flag, `write the flag without the dashes: ${JSON.stringify(bare)}`)];
    }
    if (!FLAG.test(key)) {
      return [
        problemAt(flag, `${JSON.stringify(key)} is not a flag: lower-case letters, digits and "-"`),
      ];
    }
    const instead = owned.get(key);
    if (instead !== undefined) {
      return [problemAt(flag, `--${key} cannot be set: ${instead}`)];
    }
    if (CONTROL.test(text(flag) ?? '')) {
      return [problemAt(flag, 'has a line break or another control character in it')];
    }
    return [];
  });
}
