import { z } from 'zod';
import { queryError } from './couch-error.ts';
import type { Query } from './query-options.ts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const flag = z.boolean();

/** What `_all_docs` and views are asked with, in the URL or in a POST body; other keys are ignored. */
const viewOptionsSchema = z.object({
  descending: flag.optional(),
  startkey: z.unknown().optional(),
  endkey: z.unknown().optional(),
  startkey_docid: z.string().optional(),
  endkey_docid: z.string().optional(),
  key: z.unknown().optional(),
  keys: z.array(z.unknown()).optional(),
  inclusive_end: flag.optional(),
  limit: count.optional(),
  skip: count.optional(),
  reduce: flag.optional(),
  group: flag.optional(),
  group_level: count.optional(),
  include_docs: flag.optional(),
  conflicts: flag.optional(),
  attachments: flag.optional(),
  update_seq: flag.optional(),
  update: z.union([flag, z.literal('lazy')]).optional(),
  stale: z.enum(['ok', 'update_after']).optional(),
});
export type ViewOptions = z.infer<typeof viewOptionsSchema>;

const aliases: Record<string, string> = {
  start_key: 'startkey',
  end_key: 'endkey',
  start_key_doc_id: 'startkey_docid',
  end_key_doc_id: 'endkey_docid',
};
const plainText = new Set([
  'stale',
  'update',
  'startkey_docid',
  'endkey_docid',
  'start_key_doc_id',
  'end_key_doc_id',
]);
const known = new Set([...Object.keys(viewOptionsSchema.shape), ...Object.keys(aliases)]);

function fromQuery(query: Query): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, value] of query) {
    if (!known.has(name)) continue;
    const key = aliases[name] ?? name;
    try {
      options[key] =
        plainText.has(name) && !/^(?:true|false|".*")$/.test(value) ? value : (JSON.parse(value) as unknown);
    } catch {
      throw queryError(`Invalid JSON in ${name}`);
    }
  }
  return options;
}

function fromBody(body: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(body).filter(([name]) => known.has(name));
  return Object.fromEntries(entries.map(([name, value]) => [aliases[name] ?? name, value]));
}

/** Reads view options; throws query_parse_error naming the first bad one. */
export function readViewOptions(query: Query, body: Record<string, unknown> = {}): ViewOptions {
  const parsed = viewOptionsSchema.safeParse({ ...fromBody(body), ...fromQuery(query) });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw queryError(`Invalid value for ${issue?.path.join('.') ?? 'option'}: ${issue?.message ?? ''}`);
}
