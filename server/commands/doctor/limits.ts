import { z } from 'zod';
import { limits as documentLimits } from '../../../schema/index.ts';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { createNodeConfig } from '../../couch/node-config.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

const megabyte = 1024 * 1024;
const mendIni = 'Copy couchdb.ini to local.d on that node and restart it.';

interface Limit {
  section: string;
  key: string;
  /** Bytes or a number that CouchDB uses where nothing is set. */
  unset: number;
  least: number;
  consequence: string;
}

/** CouchDB 3.5's defaults (default.ini), and what Settee's proxy lets through. */
const limits: readonly Limit[] = [
  {
    section: 'couchdb',
    key: 'max_document_size',
    unset: 8_000_000,
    least: documentLimits.documentBytes,
    consequence: 'a larger flow is refused, and so is everything that is pushed in the same request',
  },
  {
    section: 'chttpd',
    key: 'max_http_request_size',
    unset: 4096 * megabyte,
    least: 64 * megabyte,
    consequence: 'browsers that push many flows at once meet 413 again and again',
  },
];

const enginesSchema = z.object({ javascript_engine: z.object({ name: z.string() }) });

/** The settings of every CouchDB node that matter to Settee. */
export async function checkLimits(http: EngineHttp, databases: number): Promise<Finding[]> {
  const config = createNodeConfig(http);
  const findings: Finding[] = [];
  for (const node of await config.nodes()) {
    const read = async (section: string, key: string, unset: number): Promise<number> => {
      const value = Number((await config.get(node, section, key).catch(() => null)) ?? unset);
      return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
    };
    for (const { section, key, unset, least, consequence } of limits) {
      const value = await read(section, key, unset);
      if (value >= least) continue;
      const message = `Node ${node}: [${section}] ${key} is ${value}, below ${least}: ${consequence}.`;
      // Few flows are so large that CouchDB's own default refuses them.
      const report = value < unset ? problem : warning;
      findings.push(report(`limits.${key}`, message, mendIni));
    }
    findings.push(...openDatabases(node, await read('couchdb', 'max_dbs_open', 500), databases));
    findings.push(...feedDelay(node, await read('global_changes', 'max_write_delay', 500)));
    findings.push(...(await javascriptEngine(http, node)));
  }
  return findings.length > 0 ? findings : [ok('limits', "CouchDB's limits and settings suit Settee.")];
}

function openDatabases(node: string, limit: number, databases: number): Finding[] {
  if (limit >= databases) return [];
  const message = `Node ${node}: [couchdb] max_dbs_open is ${limit}, and there are ${databases} databases.`;
  const mend = `Set it to ${Math.max(5000, databases * 2)}: with more in use at once, requests fail with "all_dbs_active".`;
  return [warning('limits.max_dbs_open', message, mend)];
}

function feedDelay(node: string, milliseconds: number): Finding[] {
  if (milliseconds <= 100) return [];
  const message = `Node ${node}: [global_changes] max_write_delay is ${milliseconds} ms: live changes are that much late.`;
  return [warning('limits.max_write_delay', message, `Set it to 20. ${mendIni}`)];
}

async function javascriptEngine(http: EngineHttp, node: string): Promise<Finding[]> {
  const { body } = await http.request(`/_node/${encodeURIComponent(node)}/_versions`);
  const engine = enginesSchema.safeParse(body);
  if (!engine.success || engine.data.javascript_engine.name === 'quickjs') return [];
  const message = `Node ${node}: design documents run on ${engine.data.javascript_engine.name}, the slower engine.`;
  return [warning('limits.js_engine', message, `Set [couchdb] js_engine = quickjs. ${mendIni}`)];
}
