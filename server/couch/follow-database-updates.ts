import { z } from 'zod';
import type { Log } from '../log.ts';
import type { EngineHttp } from './engine-http.ts';
import { jsonLines } from './json-lines.ts';
import { backoff, pause } from './retry.ts';

const missedHeartbeats = 2.5;
const sequenceSchema = z.union([z.string(), z.number()]).transform(String);
const rowSchema = z.object({
  db_name: z.string(),
  type: z.enum(['created', 'updated', 'deleted', 'ddoc_updated']),
  seq: sequenceSchema,
});
const endSchema = z.object({ last_seq: sequenceSchema });

export interface FollowDatabaseUpdatesOptions {
  signal: AbortSignal;
  /** Documents of this database were written, by whomever. Checkpoints are none: no engine reports them. */
  onUpdate(database: string): void;
  /** Updates may have been missed, as the engine does not know any more where the feed was. */
  onGap?(): void;
}

export interface DatabaseUpdatesFollowerOptions extends FollowDatabaseUpdatesOptions {
  http: EngineHttp;
  log: Log;
  prefix: string;
  /** How often the engine shows that it is there; 5000 by default. */
  heartbeatMilliseconds?: number;
}

interface Position {
  /** Where to go on; null before the first answer. */
  since: string | null;
  attempt: number;
  isGap: boolean;
}

/**
 * Follows `_db_updates`, one feed for all databases, until the signal aborts. Goes on from where a connection
 * broke; where the engine does not know that place any more, from now on.
 */
export async function followDatabaseUpdates(options: DatabaseUpdatesFollowerOptions): Promise<void> {
  const { signal, log } = options;
  const position: Position = { since: null, attempt: 0, isGap: false };
  while (!signal.aborted) {
    try {
      position.since ??= await currentSequence(options);
      await listen(options, position);
    } catch (error) {
      if (!signal.aborted)
        log.warn({ reason: String(error), attempt: position.attempt }, '_db_updates broke');
    }
    if (!signal.aborted) await pause(backoff(position.attempt++), signal);
  }
}

async function currentSequence({ http, signal }: DatabaseUpdatesFollowerOptions): Promise<string> {
  const answer = await http.request('/_db_updates?since=now&limit=1', {
    signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
  });
  if (answer.status !== 200) throw new Error(`_db_updates answered ${answer.status}`);
  return endSchema.parse(answer.body).last_seq;
}

/** Returns when the engine ends the feed; throws when the connection breaks or falls silent. */
async function listen(options: DatabaseUpdatesFollowerOptions, position: Position): Promise<void> {
  const { http, signal, heartbeatMilliseconds = 5000 } = options;
  const silence = new AbortController();
  const fallSilent = (): void => silence.abort(new Error('the feed fell silent'));
  const watchdog = setTimeout(fallSilent, heartbeatMilliseconds * missedHeartbeats);
  try {
    const query = new URLSearchParams({
      feed: 'continuous',
      since: position.since ?? 'now',
      heartbeat: String(heartbeatMilliseconds),
    });
    const response = await http.open(`/_db_updates?${query.toString()}`, {
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 400 || response.status === 404) {
      position.since = null;
      position.isGap = true;
    }
    if (response.status !== 200 || !response.body) throw new Error(`_db_updates answered ${response.status}`);
    if (position.isGap) {
      position.isGap = false;
      options.onGap?.();
    }
    const onData = (): void => {
      watchdog.refresh();
      position.attempt = 0;
    };
    for await (const line of jsonLines(response.body, onData)) report(options, position, line);
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

function report(options: DatabaseUpdatesFollowerOptions, position: Position, line: unknown): void {
  const row = rowSchema.safeParse(line);
  if (!row.success) {
    if (endSchema.safeParse(line).success) return;
    throw new Error(`_db_updates sent ${JSON.stringify(line).slice(0, 200)}`);
  }
  const { db_name: database, type, seq } = row.data;
  position.since = seq;
  if (type !== 'updated' || !database.startsWith(options.prefix)) return;
  try {
    options.onUpdate(database);
  } catch (error) {
    options.log.error({ err: error, database }, 'a listener of _db_updates failed');
  }
}
