import { randomUUID } from 'node:crypto';
import { createSettee, type Settee } from '../../client-sync/index.ts';
import type { TeamBrowser } from './pair.ts';
import type { Team } from './team.ts';

/** Client-sync in Node: memory databases, everything else as in a browser. */
export async function openSetteeBrowser(url: string, team: Team, who: 0 | 1): Promise<TeamBrowser> {
  const settee = await createSettee({ url, name: `together-${randomUUID()}`, adapter: 'memory' });
  await settee.account.signIn(team.logins[who]);
  // The personal space is one more.
  await atRest(settee, team.spaces.length + 1);
  return {
    async rename(_spaceIndex, id, name) {
      await settee.flows.save({ id, name });
    },
    onName(listener) {
      const names = new Map<string, string>();
      settee.flows.watch({}, ({ flows }) => {
        for (const { id, name } of flows) {
          if (names.get(id) === name) continue;
          names.set(id, name);
          listener(id, name);
        }
      });
    },
    look: () => settee.sync.now(),
    close: () => settee.close(),
  };
}

function atRest(settee: Settee, spaceCount: number): Promise<void> {
  return new Promise((resolve) => {
    let unsubscribe = () => {};
    unsubscribe = settee.status.subscribe(({ live, state, spaces }) => {
      if (!live || state !== 'up-to-date' || Object.keys(spaces).length !== spaceCount) return;
      queueMicrotask(() => unsubscribe());
      resolve();
    });
  });
}
