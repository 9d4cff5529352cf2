import { flowDocId, idPrefixes } from '../../schema/ids.ts';
import { listUnpushed } from '../replication/pending-changes.ts';
import type { CreatedInvitation, FlowSharing, TemplateList } from '../space-types.ts';
import type { CurrentWorkspace } from '../workspace.ts';
import type { Ask } from './ask.ts';

interface SharingOptions {
  current: CurrentWorkspace;
  ask: Ask;
  /** Pushes and pulls everything; rejects where the server cannot be reached. */
  sync: () => Promise<void>;
}

/** Shares flows and uses templates by the server's calls; what comes of it arrives by replication. */
export function createSharing({ current, ask, sync }: SharingOptions): FlowSharing {
  const at = (flowId: string) => `/api/flows/${encodeURIComponent(flowId)}`;
  /** The server can only share what it has. */
  const pushed = async (flowId: string): Promise<void> => {
    const space = await current.get().find(flowId);
    if (!space) return;
    const waiting = await listUnpushed(space.space.main);
    const version = `${idPrefixes.version}${flowId}:`;
    if (waiting.some(({ docId }) => docId === flowDocId(flowId) || docId.startsWith(version))) await sync();
  };
  const change = async <T>(flowId: string, method: string, path: string, body?: unknown): Promise<T> => {
    await pushed(flowId);
    const answer = await ask<T>(method, at(flowId) + path, body);
    sync().catch(() => {});
    return answer;
  };
  return {
    async share(flowId, { role, ...whom }) {
      if ('email' in whom) {
        return change<CreatedInvitation>(flowId, 'PUT', '/contributors', { email: whom.email, role });
      }
      await change(flowId, 'PUT', `/contributors/${encodeURIComponent(whom.userId)}`, { role });
      return null;
    },
    unshare: (flowId, userId) => change(flowId, 'DELETE', `/contributors/${encodeURIComponent(userId)}`),
    async setVisibility(flowId, visibility, { teamId } = {}) {
      await change(flowId, 'PUT', '', { visibility, ...(teamId === undefined ? {} : { teamId }) });
    },
    async move(flowId, spaceId) {
      await change(flowId, 'POST', '/move', { spaceId });
    },
    templates: {
      list(query = {}) {
        const given = Object.entries(query).map(([name, value]) => [name, String(value)]);
        const search = new URLSearchParams(Object.fromEntries(given) as Record<string, string>).toString();
        return ask<TemplateList>('GET', `/api/templates${search && `?${search}`}`);
      },
      async use(templateId) {
        const { id } = await ask<{ id: string }>(
          'POST',
          `/api/templates/${encodeURIComponent(templateId)}/use`,
          {},
        );
        sync().catch(() => {});
        return { id };
      },
    },
  };
}
