import { queryError } from './couch-error.ts';

export type Query = ReadonlyMap<string, string>;

/** `true`, `false` or absent; throws query_parse_error for anything else. */
export function booleanOption(query: Query, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === undefined) return undefined;
  if (value === 'true' || value === '"true"') return true;
  if (value === 'false' || value === '"false"') return false;
  throw queryError(`Invalid boolean parameter: ${name}`);
}

/** A whole number ≥ 0, or absent. */
export function countOption(query: Query, name: string): number | undefined {
  const value = query.get(name);
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw queryError(`Invalid value for ${name}: a whole number is needed`);
}

/** A JSON value, or absent. */
export function jsonOption(query: Query, name: string): unknown {
  const value = query.get(name);
  if (value === undefined) return undefined;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw queryError(`Invalid JSON in ${name}`);
  }
}
