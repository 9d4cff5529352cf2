import type { FlowSharing, TemplateList } from '../space-types.ts';
import type { Ask } from './ask.ts';

interface SharingOptions {
  ask: Ask;
  /** Flows or memberships have changed on the server: fetches them. */
  hurry: () => void;
}

/** Shares flows and uses templates by the server's calls; what comes of it arrives by replication. */
export function createSharing({ ask, hurry }: SharingOptions): FlowSharing {
  const at = (flowId: string) => `/api/flows/${encodeURIComponent(flowId)}`;
  return {
    async share(flowId, { role, ...whom }) {
      const person = 'userId' in whom ? whom.userId : whom.email;
      await ask('PUT', `${at(flowId)}/contributors/${encodeURIComponent(person)}`, { role });
      hurry();
    },
    async unshare(flowId, userId) {
      await ask('DELETE', `${at(flowId)}/contributors/${encodeURIComponent(userId)}`);
      hurry();
    },
    async setVisibility(flowId, visibility) {
      await ask('PUT', at(flowId), { visibility });
      hurry();
    },
    async move(flowId, spaceId) {
      await ask('POST', `${at(flowId)}/move`, { spaceId });
      hurry();
    },
    templates: {
      list(query = {}) {
        const given = Object.entries(query).map(([name, value]) => [name, String(value)]);
        const search = new URLSearchParams(Object.fromEntries(given) as Record<string, string>).toString();
        return ask<TemplateList>('GET', `/api/templates${search && `?${search}`}`);
      },
      async use(templateId) {
        const flow = await ask<{ id: string }>(
          'POST',
          `/api/templates/${encodeURIComponent(templateId)}/use`,
        );
        hurry();
        return flow;
      },
    },
  };
}
