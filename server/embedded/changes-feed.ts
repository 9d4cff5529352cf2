import { objectBody, sendPart, type Call } from './call.ts';
import { badRequest, queryError } from './couch-error.ts';
import { createChangeFilter } from './change-filters.ts';
import { createSharedScans, readPages } from './changes-pages.ts';
import { scanChanges, type ChangeRow, type ScanOptions, type ScanResult } from './changes-scan.ts';
import type { Database } from './database.ts';
import type { DesignFunctions } from './design-functions.ts';
import { openFeed } from './feed.ts';
import { booleanOption, countOption, jsonOption, type Query } from './query-options.ts';
import { isMember } from './user-context.ts';

const feeds = new Set(['normal', 'longpoll', 'continuous', 'eventsource']);

/** `now`, a number, or the leading number of another server's sequence; ahead of the database means start anew. */
export function startOf(query: Query, head: number, header?: string): number {
  const since = query.get('since') ?? header ?? '0';
  if (since === 'now') return head;
  const number = /^"?(\d{1,15})(?:-[\w-]*)?"?$/.exec(since);
  if (!number) throw badRequest('Malformed sequence supplied in `since` parameter.');
  return Number(number[1]) > head ? 0 : Number(number[1]);
}

function styleOf(query: Query): boolean {
  const style = query.get('style') ?? 'main_only';
  if (style !== 'main_only' && style !== 'all_docs')
    throw queryError('`style` must be main_only or all_docs');
  return style === 'all_docs';
}

async function scanOptionsOf(
  call: Call,
  database: Database,
  head: number,
  functions: DesignFunctions,
): Promise<ScanOptions> {
  const { query } = call;
  const body = call.method === 'POST' ? await objectBody(call) : {};
  const milliseconds = call.limits.functionMilliseconds;
  const filter = await createChangeFilter(
    database,
    { query, body, user: call.user },
    { functions, milliseconds },
  );
  const limit = countOption(query, 'limit');
  const lastEvent = call.request.headers['last-event-id'];
  return {
    since: startOf(query, head, typeof lastEvent === 'string' ? lastEvent : query.get('last-event-id')),
    // CouchDB answers one row for limit=0.
    ...(limit === undefined ? {} : { limit: Math.max(1, limit) }),
    descending: booleanOption(query, 'descending') ?? false,
    allLeaves: styleOf(query),
    includeDocs: booleanOption(query, 'include_docs') ?? false,
    conflicts: booleanOption(query, 'conflicts') ?? false,
    attachments: booleanOption(query, 'attachments') ?? false,
    ...(filter ? { filter } : {}),
  };
}

/** Serves `/db/_changes`, all four feeds. */
export function createChangesFeed(options: { functions: DesignFunctions }): {
  serve(call: Call, database: Database): Promise<void>;
} {
  const shared = createSharedScans();

  async function pending(database: Database, result: ScanResult, scan: ScanOptions): Promise<number> {
    return scan.descending ? 0 : Math.max(0, (await database.sequence()) - result.lastSeq);
  }

  /** False where a change of the security object has shut this feed's user out. */
  async function mayRead(call: Call, database: Database): Promise<boolean> {
    return isMember(call.user, (await database.settings()).security);
  }

  async function normal(call: Call, database: Database, scan: ScanOptions): Promise<void> {
    const { response } = call;
    let result: ScanResult = { rows: [], lastSeq: scan.since };
    let separator = '';
    for await (result of readPages(scanChanges, database, scan)) {
      if (response.destroyed) return;
      if (!response.headersSent) {
        response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'must-revalidate' });
        response.write('{"results":[\n');
      }
      for (const row of result.rows) {
        await sendPart(call, separator + JSON.stringify(row));
        separator = ',\n';
      }
    }
    response.end(`\n],\n${endOf(result, await pending(database, result, scan))}}\n`);
  }

  async function longpoll(call: Call, database: Database, scan: ScanOptions): Promise<void> {
    const feed = openFeed(call, database, { type: 'application/json', opening: '{"results":[\n' });
    let result: ScanResult = { rows: [], lastSeq: scan.since };
    let separator = '';
    while (feed.open && separator === '') {
      const heard = feed.nextWrite();
      for await (result of readPages(shared.scan, database, { ...scan, since: result.lastSeq })) {
        if (call.response.destroyed || !(await mayRead(call, database))) return feed.end('\n]}\n');
        for (const row of result.rows) {
          await feed.write(separator + JSON.stringify(row));
          separator = ',\n';
        }
      }
      if (separator === '' && !(await heard)) break;
    }
    feed.end(`\n],\n${endOf(result, await pending(database, result, scan))}}\n`);
  }

  async function continuous(
    call: Call,
    database: Database,
    scan: ScanOptions,
    write: FeedWriter,
  ): Promise<void> {
    const feed = openFeed(call, database, { type: write.type, opening: '' });
    let { since } = scan;
    let left = scan.limit ?? Number.POSITIVE_INFINITY;
    while (feed.open) {
      const heard = feed.nextWrite();
      const limit = Number.isFinite(left) ? { limit: left } : {};
      for await (const page of readPages(shared.scan, database, { ...scan, since, ...limit })) {
        if (call.response.destroyed || !(await mayRead(call, database))) return feed.end('');
        since = page.lastSeq;
        left -= page.rows.length;
        for (const row of page.rows) await feed.write(write.row(row));
      }
      if (left <= 0 || !(await heard)) break;
    }
    feed.end(write.last(since));
  }

  return {
    async serve(call, database) {
      const kind = call.query.get('feed') ?? 'normal';
      if (!feeds.has(kind))
        throw badRequest('Supported `feed` types: normal, continuous, eventsource, longpoll');
      checkTimes(call.query);
      const scan = await scanOptionsOf(call, database, await database.sequence(), options.functions);
      if (kind === 'normal' || scan.descending) await normal(call, database, scan);
      else if (kind === 'longpoll') await longpoll(call, database, scan);
      else await continuous(call, database, scan, kind === 'eventsource' ? eventSource : lines);
    },
  };
}

interface FeedWriter {
  type: string;
  row: (row: ChangeRow) => string;
  last: (since: number) => string;
}

const lines: FeedWriter = {
  type: 'application/json',
  row: (row) => `${JSON.stringify(row)}\n`,
  last: (since) => `${JSON.stringify({ last_seq: since, pending: 0 })}\n`,
};

const eventSource: FeedWriter = {
  type: 'text/event-stream',
  row: (row) => `data: ${JSON.stringify(row)}\nid: ${row.seq}\n\n`,
  last: () => '',
};

function checkTimes(query: Query): void {
  if (query.get('heartbeat') !== 'true') countOption(query, 'heartbeat');
  countOption(query, 'timeout');
  jsonOption(query, 'doc_ids');
}

const endOf = ({ lastSeq }: ScanResult, pending: number): string =>
  `"last_seq":${lastSeq},"pending":${pending}`;
