import type { JsonSchema } from '../json-schema.ts';
import type { Path } from './path.ts';

/** What the parts of the generator share. */
export interface Generator {
  /** A fresh variable name. */
  variable(letter: 'v' | 'i' | 'k'): string;
  /** The name of the variable that holds a pattern, and how to say that a text does not match it. */
  pattern(source: string): { name: string; wording: string };
  /** Statements that check a value of the schema; none where anything goes. */
  checks(schema: JsonSchema, value: string, path: Path): string[];
}
