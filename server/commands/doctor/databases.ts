import { z } from 'zod';
import { parseDatabaseName } from '../../../schema/index.ts';
import { layoutOf, shippedDesignDocuments } from '../../couch/database-layout.ts';
import { isSecured, securityFor } from '../../couch/database-security.ts';
import { eachOf } from '../../couch/each-of.ts';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { listDatabases } from '../../couch/list-databases.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

const designSchema = z.looseObject({ setteeVersion: z.number().optional() });

interface DatabaseFaults {
  /** No design document, or an older one than this Settee brings. */
  old: string[];
  newer: string[];
  /** `_security` lets in others than it should. */
  open: string[];
  unreadable: string[];
}

/** Looks at every database: its design document's version and its `_security`. */
export async function checkDatabases(options: {
  http: EngineHttp;
  prefix: string;
  signal: AbortSignal;
}): Promise<{ findings: Finding[]; count: number }> {
  const databases = await listDatabases(options.http, options.prefix);
  const faults: DatabaseFaults = { old: [], newer: [], open: [], unreadable: [] };
  await eachOf(databases, { concurrency: 6, signal: options.signal }, (database) =>
    examine(options.http, options.prefix, database, faults),
  );
  const servers = databases.filter((name) => parseDatabaseName(name, options.prefix)?.kind === 'server');
  const findings = [
    ...(databases.length === 0 ? [] : describe(faults)),
    ...describeServers(servers, databases.length),
  ];
  return { findings, count: databases.length };
}

async function examine(
  http: EngineHttp,
  prefix: string,
  database: string,
  faults: DatabaseFaults,
): Promise<void> {
  const layout = layoutOf(database, prefix);
  if (!layout) return;
  const path = `/${encodeURIComponent(database)}`;
  const wanted = shippedDesignDocuments(layout.kind);
  const [found, security] = await Promise.all([
    http.request(`${path}/${wanted?._id ?? '_design/settee'}`),
    http.request(`${path}/_security`),
  ]);
  // Dropped since it was listed.
  if (security.status === 404) return;
  if (security.status !== 200 || (found.status !== 200 && found.status !== 404))
    faults.unreadable.push(database);
  else {
    const version = found.status === 200 ? (designSchema.safeParse(found.body).data?.setteeVersion ?? 0) : 0;
    if (wanted && version < wanted.setteeVersion) faults.old.push(database);
    if (wanted && version > wanted.setteeVersion) faults.newer.push(database);
    if (!isSecured(security.body, securityFor(layout.kind, layout.spaceId))) faults.open.push(database);
  }
}

function some(databases: string[]): string {
  const rest = databases.length - 3;
  return databases.slice(0, 3).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function describe({ old, newer, open, unreadable }: DatabaseFaults): Finding[] {
  const findings: Finding[] = [];
  if (old.length > 0) {
    const mend = 'Start this version of Settee: it brings the design documents up to date in the background.';
    findings.push(problem('databases.design', `Old or missing design documents: ${some(old)}.`, mend));
  }
  if (newer.length > 0) {
    const mend = 'Update Settee: design documents are never downgraded.';
    findings.push(
      warning('databases.design', `A newer Settee has written design documents: ${some(newer)}.`, mend),
    );
  }
  if (open.length > 0) {
    const mend = 'Start Settee: it puts the security of its databases right. Then look at who has read them.';
    findings.push(problem('databases.security', `Not closed to outsiders: ${some(open)}.`, mend));
  }
  if (unreadable.length > 0) {
    const mend = "Look into the engine's log; on a cluster, are all nodes up?";
    findings.push(problem('databases.readable', `Cannot be read: ${some(unreadable)}.`, mend));
  }
  if (findings.length > 0) return findings;
  return [ok('databases.design', 'Every database has the design document and the security it should have.')];
}

function describeServers(servers: string[], count: number): Finding[] {
  if (count === 0) return [ok('databases.count', 'There are no databases yet; the first start makes them.')];
  const missing = ['accounts', 'directory'].filter(
    (name) => !servers.some((server) => server.endsWith(`settee-${name}`)),
  );
  if (missing.length === 0) return [ok('databases.count', `There are ${count} databases.`)];
  const mend =
    'Restore them from a backup: without them nobody can sign in. Starting Settee makes empty ones.';
  return [problem('databases.count', `The database of ${missing.join(' and of ')} is missing.`, mend)];
}
