import { afterEach } from 'vitest';
import { rest, type RestAnswer } from '../support/rest-client.ts';
import type { TestSettee } from '../support/settee.ts';
import { useSettee } from '../support/use-settee.ts';
import { openLive, type OpenLiveOptions, type TestStream } from '../server/live/open-live.ts';
import { registerPersonal, type PersonalAccount } from '../server/proxy/personal-account.ts';

/** A team of two. */
export interface Team {
  id: string;
  database: string;
  owner: PersonalAccount;
  member: PersonalAccount;
}

export interface Teams {
  settee: TestSettee;
  /** A call that must succeed. */
  as: (who: PersonalAccount, target: string, body?: unknown) => Promise<RestAnswer>;
  /** Makes a team with an editor, who asks for databases below `at` where that is given. */
  openTeam: (at?: string) => Promise<Team>;
  /** Invites somebody and accepts. */
  join: (team: Omit<Team, 'member'>, who: PersonalAccount, role?: string) => Promise<void>;
  /** Opens a live stream, which is closed after the test. */
  listen: (options: OpenLiveOptions, url?: string) => Promise<TestStream>;
}

/** A server with teams, and live streams for whoever is in them. */
export function useTeams(): Teams {
  const settee = useSettee();
  const streams: TestStream[] = [];
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.close();
  });
  const as: Teams['as'] = async (who, target, body) => {
    const call = { token: who.accessToken, ...(body === undefined ? {} : { body }) };
    const answer = await rest(settee.url, target, call);
    if (answer.status >= 300) throw new Error(`${target}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };
  const join: Teams['join'] = async ({ id, owner }, who, role = 'editor') => {
    const { body } = await as(owner, `POST /api/spaces/${id}/invitations`, { email: who.email, role });
    await as(who, `POST /api/invitations/${body.token}/accept`);
  };
  return {
    settee,
    as,
    join,
    async openTeam(at) {
      const [owner, member] = [await registerPersonal(settee), await registerPersonal(settee, at)];
      const { body } = await as(owner, 'POST /api/spaces', { name: 'Team', kind: 'team' });
      const team = { id: body.id as string, database: body.database as string, owner };
      await join(team, member);
      return { ...team, member };
    },
    async listen(options, url = settee.url) {
      const stream = await openLive(url, options);
      streams.push(stream);
      return stream;
    },
  };
}
