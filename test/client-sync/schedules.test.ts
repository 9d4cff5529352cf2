import { describe, expect, it } from 'vitest';
import { begin, ends, patient, rewrite, sees, write, type Cast, type EndState } from './schedule-cast.ts';
import { device, grant, removeSpace, revoke, setRole, type Role } from './schedule-members.ts';
import { end, useCast } from './use-cast.ts';

/** What happens between the owner and a member who have a flow that says `start` on both their devices. */
interface Schedule {
  name: string;
  role?: Role;
  steps: (cast: Cast) => Promise<void>;
  owner: Partial<EndState>;
  member: Partial<EndState>;
}

const offline = ({ member }: Cast): void => device(member).network.cut();
const online = ({ member }: Cast): void => device(member).network.mend();

/** The member changes the one flow where he is, and makes another. */
async function work({ member, spaceId }: Cast): Promise<void> {
  const [flow] = (await device(member).settee.flows.list({ spaceId })).flows;
  if (!flow) throw new Error('There is no flow.');
  await rewrite(device(member), flow, 'changed offline');
  await write(device(member), 'made offline', spaceId);
}

const both = ['changed offline', 'made offline'];

const schedules: Schedule[] = [
  {
    name: 'revoked while online with everything sent',
    steps: revoke,
    owner: { team: ['start'] },
    member: { team: null, notices: ['rescued'] },
  },
  {
    name: 'edited offline, and online again in time',
    async steps(cast) {
      offline(cast);
      await work(cast);
      online(cast);
    },
    owner: { team: both },
    member: { team: both },
  },
  {
    name: 'edited offline, revoked meanwhile',
    async steps(cast) {
      offline(cast);
      await work(cast);
      await revoke(cast);
      online(cast);
    },
    owner: { team: ['start'] },
    member: { team: null, own: both, notices: ['rescued'] },
  },
  {
    name: 'edited offline after having been revoked without knowing',
    async steps(cast) {
      offline(cast);
      await revoke(cast);
      await work(cast);
      online(cast);
    },
    owner: { team: ['start'] },
    member: { team: null, own: both, notices: ['rescued'] },
  },
  {
    name: 'edited offline, revoked and restarted before the next contact',
    async steps(cast) {
      offline(cast);
      await work(cast);
      await revoke(cast);
      await device(cast.member).reload();
      online(cast);
    },
    owner: { team: ['start'] },
    member: { team: null, own: both, notices: ['rescued'] },
  },
  {
    name: 'revoked and granted again before the next contact, nothing edited',
    async steps(cast) {
      offline(cast);
      await revoke(cast);
      await write(device(cast.owner), 'by the owner', cast.spaceId);
      await grant(cast, 'viewer');
      online(cast);
    },
    owner: { team: ['by the owner', 'start'] },
    member: { team: ['by the owner', 'start'], notices: ['role-lowered'] },
  },
  {
    name: 'revoked, dropped, and granted again later',
    async steps(cast) {
      await revoke(cast);
      await ends(cast.member, cast.spaceId, end({ notices: ['rescued'] }));
      await write(device(cast.owner), 'by the owner', cast.spaceId);
      await grant(cast, 'editor');
      await sees(device(cast.member), cast.spaceId, ['by the owner', 'start']);
      await write(device(cast.member), 'back again', cast.spaceId);
    },
    owner: { team: ['back again', 'by the owner', 'start'] },
    member: { team: ['back again', 'by the owner', 'start'], notices: ['rescued'] },
  },
  {
    name: 'lowered to viewer while offline with edits',
    async steps(cast) {
      offline(cast);
      await work(cast);
      await setRole(cast, 'viewer');
      online(cast);
    },
    owner: { team: ['start'] },
    member: { team: ['start'], own: both, notices: ['role-lowered'] },
  },
  {
    name: 'raised from viewer to editor while offline',
    role: 'viewer',
    async steps(cast) {
      offline(cast);
      await setRole(cast, 'editor');
      online(cast);
      const { member, spaceId } = cast;
      const written = (): Promise<boolean> =>
        write(device(member), 'as an editor', spaceId).then(
          () => true,
          () => false,
        );
      await expect.poll(written, patient).toBe(true);
    },
    owner: { team: ['as an editor', 'start'] },
    member: { team: ['as an editor', 'start'] },
  },
  {
    name: 'the space deleted while offline with edits',
    async steps(cast) {
      offline(cast);
      await work(cast);
      await removeSpace(cast);
      online(cast);
    },
    owner: { team: null, notices: ['space-deleted'] },
    member: { team: null, own: both, notices: ['space-deleted'] },
  },
  {
    name: 'the space deleted while offline, nothing edited',
    async steps(cast) {
      offline(cast);
      await removeSpace(cast);
      online(cast);
    },
    owner: { team: null, notices: ['space-deleted'] },
    member: { team: null, notices: ['space-deleted'] },
  },
];

describe('a membership', () => {
  const { start } = useCast();

  it.each(schedules)('$name', async ({ role = 'editor', steps, owner, member }) => {
    const cast = await start(role);
    const { spaceId } = cast;
    await begin(cast);
    await steps(cast);
    await ends(cast.owner, spaceId, end(owner));
    await ends(cast.member, spaceId, end(member));
  });
});
