import { afterEach, vi } from 'vitest';
import { useSettee } from '../support/use-settee.ts';
import { has, openCast, quiet, type Cast, type EndState } from './schedule-cast.ts';
import { device, grant, newMember, type Member, type Role } from './schedule-members.ts';

/** Opens casts at one server; they are closed after each test. */
export interface Casts {
  start: (role?: Role | null) => Promise<Cast>;
  /** Brings a third person into the team, as an editor. */
  join: (cast: Cast) => Promise<Member>;
}

/** What is in the end, where there is nothing else and no team. */
export const end = (state: Partial<EndState>): EndState => ({ ...quiet, team: null, ...state });

/** Starts the server before the tests, and gives them the time that several waits after each other take. */
export function useCast(): Casts {
  vi.setConfig({ testTimeout: 90_000 });
  const server = useSettee();
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  return {
    async start(role = 'editor') {
      const cast = await openCast(server, role);
      open.push(cast);
      return cast;
    },
    async join(cast) {
      const third = await newMember(server);
      open.push({ close: async () => void (await Promise.all(third.devices.map((each) => each.close()))) });
      await grant({ ...cast, member: third }, 'editor');
      await third.open();
      await has(device(third), cast.spaceId);
      return third;
    },
  };
}
