import { z } from 'zod';
import { didYouMean } from './closest.js';
import { appendPath } from './path.js';

/** What to say of a field that the map at `path` does not have: a near one, where else it belongs, or what there is. */
export function unknownField(key: string, root: z.ZodType, path: readonly PropertyKey[]): string {
  const here = Object.keys(shapeOf(descend(root, path)) ?? {});
  const near = didYouMean(key, here);
  if (near !== '') return `unknown field${near}`;
  const elsewhere = placesOf(root).get(key) ?? [];
  if (elsewhere.length > 0) return `unknown field here: it belongs to ${elsewhere.join(' or ')}`;
  return `unknown field; known here: ${here.join(', ')}`;
}

function shapeOf(schema: z.ZodType | undefined): Record<string, z.ZodType> | undefined {
  return schema instanceof z.ZodObject ? schema.shape : undefined;
}

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap() as z.ZodType) : schema;
}

function descend(root: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  return path.reduce<z.ZodType | undefined>((outer, part) => {
    const schema = unwrap(outer);
    if (schema instanceof z.ZodArray) return unwrap(schema.element as z.ZodType);
    return unwrap(shapeOf(schema)?.[String(part)]);
  }, root);
}

const placesCache = new WeakMap<z.ZodType, ReadonlyMap<string, string[]>>();

/** Every key of the schema → the maps it belongs to, the outermost first. */
function placesOf(root: z.ZodType): ReadonlyMap<string, readonly string[]> {
  const known = placesCache.get(root);
  if (known) return known;
  const places = new Map<string, string[]>();
  const level: { schema: z.ZodType | undefined; path: string }[] = [{ schema: root, path: '' }];
  for (const { schema: outer, path } of level) {
    const schema = unwrap(outer);
    if (schema instanceof z.ZodArray) {
      level.push({ schema: schema.element as z.ZodType, path: `${path}[]` });
    }
    for (const [key, inner] of Object.entries(shapeOf(schema) ?? {})) {
      if (path !== '') places.set(key, [...(places.get(key) ?? []), path]);
      level.push({ schema: inner, path: appendPath(path, key) });
    }
  }
  placesCache.set(root, places);
  return places;
}
