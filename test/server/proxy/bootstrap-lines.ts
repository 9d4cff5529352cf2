import { expect } from 'vitest';

/** A leaf as the stream sends it. */
export interface Leaf {
  _id: string;
  _rev: string;
  _deleted?: boolean;
  _revisions: { start: number; ids: string[] };
  [field: string]: unknown;
}

/** A line of the stream. */
export interface Line {
  docs?: Leaf[];
  seq: number | string;
  pending?: number;
  page?: number;
  done?: boolean;
}

/** The lines of a whole answer. */
export function linesOf(text: string): Line[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}
