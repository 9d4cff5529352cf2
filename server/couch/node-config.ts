import { z } from 'zod';
import type { EngineAnswer, EngineHttp } from './engine-http.ts';

const membershipSchema = z.object({ cluster_nodes: z.array(z.string()).min(1) });

/** The run-time settings of every node of a CouchDB: each node has its own. */
export interface NodeConfig {
  nodes(): Promise<string[]>;
  /** Null where it is not set. Rejects where the node does not tell. */
  get(node: string, section: string, key: string): Promise<string | null>;
  set(node: string, section: string, key: string, value: string): Promise<void>;
  remove(node: string, section: string, key: string): Promise<void>;
}

function pathOf(node: string, section: string, key: string): string {
  return `/_node/${encodeURIComponent(node)}/_config/${section}/${encodeURIComponent(key)}`;
}

function refused(node: string, { status, body }: EngineAnswer): Error {
  const reason = z.object({ reason: z.string() }).safeParse(body);
  return new Error(`node ${node} answered ${status}${reason.success ? `: ${reason.data.reason}` : ''}`);
}

export function createNodeConfig(http: EngineHttp): NodeConfig {
  return {
    async nodes() {
      const { body } = await http.request('/_membership');
      const parsed = membershipSchema.safeParse(body);
      return parsed.success ? parsed.data.cluster_nodes : ['_local'];
    },
    async get(node, section, key) {
      const answer = await http.request(pathOf(node, section, key));
      if (answer.status === 200 && typeof answer.body === 'string') return answer.body;
      const unknownKey = z.object({ reason: z.literal('unknown_config_value') }).safeParse(answer.body);
      if (answer.status === 404 && unknownKey.success) return null;
      throw refused(node, answer);
    },
    async set(node, section, key, value) {
      const answer = await http.request(pathOf(node, section, key), { method: 'PUT', body: value });
      if (answer.status !== 200) throw refused(node, answer);
    },
    async remove(node, section, key) {
      const answer = await http.request(pathOf(node, section, key), { method: 'DELETE' });
      if (answer.status !== 200 && answer.status !== 404) throw refused(node, answer);
    },
  };
}
