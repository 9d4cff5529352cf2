import { scanChanges, type ScanOptions, type ScanResult } from './changes-scan.ts';
import type { Database } from './database.ts';

type Scan = (database: Database, scan: ScanOptions) => Promise<ScanResult>;

/** Rows of a page: with their documents they may be megabytes each. */
const pageRows = 500;
const pageDocuments = 100;

/** Reads a scan in pages, so that no answer is ever in memory whole; the last page may be empty. */
export async function* readPages(
  read: Scan,
  database: Database,
  scan: ScanOptions,
): AsyncGenerator<ScanResult, void> {
  if (scan.descending) {
    yield await read(database, scan);
    return;
  }
  let { since } = scan;
  let left = scan.limit ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const limit = Math.min(left, scan.includeDocs ? pageDocuments : pageRows);
    const page = await read(database, { ...scan, since, limit });
    yield page;
    since = page.lastSeq;
    left -= page.rows.length;
    if (page.rows.length < limit || left <= 0) return;
  }
}

/** Feeds that wait at the same place with the same wishes share one scan: hundreds wake at every write. */
export function createSharedScans(): { scan: Scan } {
  const running = new WeakMap<Database, { head: number; scans: Map<string, Promise<ScanResult>> }>();
  return {
    async scan(database, scan) {
      if (scan.filter) return await scanChanges(database, scan);
      const head = await database.sequence();
      let current = running.get(database);
      if (current?.head !== head) {
        current = { head, scans: new Map() };
        running.set(database, current);
      }
      const key = JSON.stringify(scan);
      const { scans } = current;
      let found = scans.get(key);
      if (!found) {
        found = scanChanges(database, scan);
        scans.set(key, found);
        const forget = (): boolean => scans.delete(key);
        found.then(forget, forget);
      }
      return await found;
    },
  };
}
