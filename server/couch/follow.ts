import { z } from 'zod';
import type { Log } from '../log.ts';
import type { DocumentChange, FollowOptions } from './couch.ts';
import type { EngineHttp } from './engine-http.ts';
import { jsonLines } from './json-lines.ts';
import { backoff, pause } from './retry.ts';

/** A connection that is silent for so many heartbeats is dead. */
const missedHeartbeats = 2.5;
const pageSize = 1000;

const sequenceSchema = z.union([z.string(), z.number()]).transform(String);
const rowSchema = z.object({
  seq: sequenceSchema,
  id: z.string(),
  deleted: z.boolean().optional(),
  doc: z.record(z.string(), z.unknown()).nullish(),
});
const pageSchema = z.object({ results: z.array(rowSchema), last_seq: sequenceSchema });

export interface FollowerOptions extends FollowOptions {
  http: EngineHttp;
  database: string;
  log: Log;
  /** How often the engine shows that it is there; 5000 by default. */
  heartbeatMilliseconds?: number;
}

/** Follows a database until the signal aborts: catches up, listens, and begins again where the connection broke. */
export async function followChanges(options: FollowerOptions): Promise<void> {
  const { database, signal, log } = options;
  let since = options.since ?? 'now';
  let attempt = 0;
  const report = (row: z.infer<typeof rowSchema>): void => {
    since = row.seq;
    deliver(options, row);
  };
  while (!signal.aborted) {
    try {
      since = await catchUp(options, since, report);
      options.onState?.(true);
      await listen(options, since, report, () => (attempt = 0));
    } catch (error) {
      if (!signal.aborted) log.warn({ database, reason: String(error), attempt }, 'a change feed broke');
    }
    options.onState?.(false);
    if (!signal.aborted) await pause(backoff(attempt++), signal);
  }
}

function deliver(options: FollowerOptions, row: z.infer<typeof rowSchema>): void {
  const change: DocumentChange = { id: row.id, seq: row.seq };
  if (row.deleted === true) change.deleted = true;
  else if (row.doc) change.doc = row.doc;
  try {
    options.onChange(change);
  } catch (error) {
    options.log.error(
      { err: error, database: options.database, id: row.id },
      'a listener of a change feed failed',
    );
  }
}

function feedPath(database: string, query: Record<string, string>): string {
  return `/${encodeURIComponent(database)}/_changes?${new URLSearchParams({ include_docs: 'true', ...query }).toString()}`;
}

/** Reports everything after `since` and returns the sequence reached. */
async function catchUp(
  { http, database, signal }: FollowerOptions,
  since: string,
  report: (row: z.infer<typeof rowSchema>) => void,
): Promise<string> {
  for (let from = since; ;) {
    const answer = await http.request(feedPath(database, { since: from, limit: String(pageSize) }), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
    });
    if (answer.status !== 200) throw new Error(`_changes answered ${answer.status}`);
    const page = pageSchema.parse(answer.body);
    for (const row of page.results) report(row);
    from = page.last_seq;
    if (page.results.length < pageSize) return from;
  }
}

/** Returns when the engine ends the feed; throws when the connection breaks or falls silent. */
async function listen(
  { http, database, signal, heartbeatMilliseconds = 5000 }: FollowerOptions,
  since: string,
  report: (row: z.infer<typeof rowSchema>) => void,
  onAlive: () => void,
): Promise<void> {
  const silence = new AbortController();
  const fallSilent = (): void => silence.abort(new Error('the feed fell silent'));
  const watchdog = setTimeout(fallSilent, heartbeatMilliseconds * missedHeartbeats);
  try {
    const query = { feed: 'continuous', since, heartbeat: String(heartbeatMilliseconds) };
    const response = await http.open(feedPath(database, query), {
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status !== 200 || !response.body) throw new Error(`_changes answered ${response.status}`);
    const onData = (): void => {
      watchdog.refresh();
      onAlive();
    };
    for await (const line of jsonLines(response.body, onData)) {
      const row = rowSchema.safeParse(line);
      if (row.success) report(row.data);
      else if (!(typeof line === 'object' && line !== null && 'last_seq' in line)) {
        throw new Error(`_changes sent ${JSON.stringify(line).slice(0, 200)}`);
      }
    }
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}
