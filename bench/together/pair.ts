import { openPlainBrowser } from './plain-browser.ts';
import { openSetteeBrowser } from './settee-browser.ts';
import type { Team } from './team.ts';

/** One browser that follows the spaces of a team, whatever library is in it. */
export interface TeamBrowser {
  /** Changes a flow's name; resolves once that is stored here. */
  rename(spaceIndex: number, flowId: string, name: string): Promise<void>;
  /** Calls back with the name of every flow that has one it had not before. */
  onName(listener: (flowId: string, name: string) => void): void;
  /** Looks at everything, as a browser does now and then; null where nothing of the kind happens. */
  look: (() => Promise<void>) | null;
  close(): Promise<void>;
}

export type Library = 'client-sync' | 'PouchDB';

/** Two browsers of two people; the first writes. */
export interface Pair {
  /** Milliseconds from the call that changes a flow in the first browser to the call back in the second. */
  edit(number: number): Promise<number>;
  browsers: [TeamBrowser, TeamBrowser];
  close(): Promise<void>;
}

const open = { 'client-sync': openSetteeBrowser, PouchDB: openPlainBrowser };
const visibleMilliseconds = 30_000;

/** Opens both browsers and waits until they have come to rest; `urls` are the two's servers. */
export async function openPair(library: Library, urls: [string, string], team: Team): Promise<Pair> {
  const a = await open[library](urls[0], team, 0);
  const b = await open[library](urls[1], team, 1);
  const waiting = new Map<string, () => void>();
  b.onName((flowId, name) => waiting.get(`${flowId} ${name}`)?.());
  return {
    browsers: [a, b],
    async edit(number) {
      const spaceIndex = number % team.spaces.length;
      const flowIds = team.spaces[spaceIndex]?.flowIds ?? [];
      const flowId = flowIds[number % flowIds.length] as string;
      const name = `${library} ${number} ${performance.now()}`;
      const seen = new Promise<number>((resolve, reject) => {
        const late = () => reject(new Error(`${library}: edit ${number} was not seen within 30 s.`));
        const timer = setTimeout(late, visibleMilliseconds);
        waiting.set(`${flowId} ${name}`, () => {
          clearTimeout(timer);
          waiting.delete(`${flowId} ${name}`);
          resolve(performance.now());
        });
      });
      const start = performance.now();
      await Promise.all([seen, a.rename(spaceIndex, flowId, name)]);
      return (await seen) - start;
    },
    async close() {
      await Promise.all([a.close(), b.close()]);
    },
  };
}
