import { sendJson, type Call } from './call.ts';
import { badRequest } from './couch-error.ts';
import type { DatabaseRegistry } from './database-registry.ts';
import { openFeed } from './feed.ts';
import { countOption } from './query-options.ts';
import { startOf } from './changes-feed.ts';

/** Serves `/_db_updates`: normal, longpoll and continuous. */
export interface DatabaseUpdatesFeed {
  serve(call: Call): Promise<void>;
}

export function createDatabaseUpdatesFeed(options: { registry: DatabaseRegistry }): DatabaseUpdatesFeed {
  const { registry } = options;
  const source = { onWrite: (listener: () => void) => registry.onUpdate(listener) };

  async function continuous(call: Call, since: number): Promise<void> {
    const feed = openFeed(call, source, { type: 'application/json', opening: '' });
    let last = since;
    let left = countOption(call.query, 'limit') ?? Number.POSITIVE_INFINITY;
    while (feed.open) {
      const heard = feed.nextWrite();
      const updates = registry.updatesSince(last).slice(0, left);
      last = updates.at(-1)?.seq ?? last;
      left -= updates.length;
      await feed.write(updates.map((update) => `${JSON.stringify(update)}\n`).join(''));
      if (left <= 0 || !(await heard)) break;
    }
    feed.end(`${JSON.stringify({ last_seq: last, pending: 0 })}\n`);
  }

  async function longpoll(call: Call, since: number): Promise<void> {
    const feed = openFeed(call, source, { type: 'application/json', opening: '{"results":[\n' });
    let updates = registry.updatesSince(since);
    while (updates.length === 0 && feed.open) {
      if (!(await feed.nextWrite())) break;
      updates = registry.updatesSince(since);
    }
    const rows = updates.map((update) => JSON.stringify(update)).join(',\n');
    feed.end(`${rows}\n],"last_seq":${updates.at(-1)?.seq ?? since},"pending":0}\n`);
  }

  return {
    async serve(call) {
      const feed = call.query.get('feed') ?? 'normal';
      for (const name of ['timeout', 'limit']) countOption(call.query, name);
      if (call.query.get('heartbeat') !== 'true') countOption(call.query, 'heartbeat');
      const since = startOf(call.query, registry.updateSequence());
      if (feed === 'continuous') await continuous(call, since);
      else if (feed === 'longpoll') await longpoll(call, since);
      else if (feed === 'normal') {
        const results = registry.updatesSince(since).slice(0, countOption(call.query, 'limit'));
        sendJson(call, 200, { results, last_seq: results.at(-1)?.seq ?? since, pending: 0 });
      } else throw badRequest('Supported `feed` types: normal, continuous, longpoll');
    },
  };
}
