import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { outcome, rest, type RestAnswer } from '../support/rest-client.ts';
import type { TestAccount } from '../support/settee.ts';
import { useSettee } from '../support/use-settee.ts';

const settee = useSettee({ clock: () => new Date(now) });
let now = Date.now();
let owner: TestAccount;
let guest: TestAccount;
let stranger: TestAccount;
let spaceId: string;

const dayMilliseconds = 86_400_000;

beforeEach(async () => {
  now = Date.now();
  [owner, guest, stranger] = [await settee.register(), await settee.register(), await settee.register()];
  const made = await as(owner, 'POST /api/spaces', { name: 'Team', kind: 'team' });
  spaceId = made.body.id as string;
});
function as(who: TestAccount, target: string, body?: unknown): Promise<RestAnswer> {
  return rest(settee.url, target, { token: who.accessToken, ...(body === undefined ? {} : { body }) });
}

async function invite(
  role = 'editor',
  by = owner,
  { email } = guest,
): Promise<{ id: string; token: string; link: string }> {
  const answer = await as(by, `POST /api/spaces/${spaceId}/invitations`, { email, role });
  expect(answer.status).toBe(201);
  return answer.body as { id: string; token: string; link: string };
}

const accept = (who: TestAccount, token: string): Promise<RestAnswer> =>
  as(who, `POST /api/invitations/${token}/accept`);

async function membersOf(who = owner): Promise<string[]> {
  const { body } = await as(who, `GET /api/spaces/${spaceId}/members`);
  return (body.members as { userId: string }[]).map(({ userId }) => userId).toSorted();
}

describe('an invitation', () => {
  it('lets one person in, once', async () => {
    const { token } = await invite();
    expect((await accept(guest, token)).status).toBeLessThan(300);
    expect(outcome(await accept(stranger, token))).toMatch(/invitation_invalid$/);
    expect(await membersOf()).toEqual([owner.user.id, guest.user.id].toSorted());
  });

  it('lets one person in where several come at once', async () => {
    const { token } = await invite();
    const answers = await Promise.all([guest, stranger, guest, stranger].map((who) => accept(who, token)));
    const winners = new Set(answers.flatMap(({ status }, n) => (status < 300 ? [n % 2] : [])));
    expect(winners.size).toBe(1);
    expect(await membersOf()).toHaveLength(2);
  });

  it('brings nobody back who was removed after having used it', async () => {
    const { token } = await invite();
    await accept(guest, token);
    await as(owner, `DELETE /api/spaces/${spaceId}/members/${guest.user.id}`);
    expect(outcome(await accept(guest, token))).toMatch(/invitation_invalid$/);
    expect(await membersOf()).toEqual([owner.user.id]);
  });

  it('gives no more than its role to a member who uses another one', async () => {
    const [low, high] = [await invite('viewer'), await invite('owner')];
    await accept(guest, low.token);
    await accept(guest, high.token);
    const { body } = await as(owner, `GET /api/spaces/${spaceId}/members`);
    const role = (body.members as { userId: string; role: string }[]).find(
      ({ userId }) => userId === guest.user.id,
    )?.role;
    expect(role).toBe('viewer');
  });

  it('does not hold when it has expired, was declined or withdrawn, or its space is gone', async () => {
    const [expired, declined, withdrawn] = [await invite(), await invite(), await invite()];
    await as(guest, `POST /api/invitations/${declined.token}/decline`);
    const ended = await as(owner, `DELETE /api/spaces/${spaceId}/invitations/${withdrawn.id}`);
    expect(ended.status).toBeLessThan(300);
    for (const { token } of [declined, withdrawn])
      expect(outcome(await accept(guest, token))).toMatch(/invitation_invalid$/);
    const beyond = await invite();
    now += 90 * dayMilliseconds;
    const [late, other] = [await settee.register(), await settee.register()];
    expect(outcome(await accept(late, expired.token))).toMatch(/invitation_expired$/);
    expect(outcome(await as(late, `GET /api/invitations/${expired.token}`))).toMatch(/invitation_/);
    now = Date.now();
    const [boss] = [await settee.register()];
    const space = await as(boss, 'POST /api/spaces', { name: 'Short-lived', kind: 'team' });
    const gone = await as(boss, `POST /api/spaces/${space.body.id}/invitations`, {
      email: other.email,
      role: 'editor',
    });
    await as(boss, `DELETE /api/spaces/${space.body.id}`);
    for (const token of [gone.body.token as string]) {
      const answer = await accept(guest, token);
      expect([answer.status >= 400, answer.status < 500]).toEqual([true, true]);
    }
    expect(beyond.token).not.toBe(expired.token);
  });

  it('of an owner who is one no longer leads nowhere', async () => {
    await accept(guest, (await invite('owner')).token);
    const { token } = await invite('editor', guest, stranger);
    await as(owner, `PATCH /api/spaces/${spaceId}/members/${guest.user.id}`, { role: 'editor' });
    expect(outcome(await accept(stranger, token))).toMatch(/invitation_invalid$/);
    expect(await membersOf()).not.toContain(stranger.user.id);
  });

  it('is made and seen by owners only', async () => {
    for (const role of ['editor', 'viewer']) {
      const member = await settee.register();
      await accept(member, (await invite(role)).token);
      const path = `/api/spaces/${spaceId}/invitations`;
      const email = stranger.email;
      const { id } = await invite();
      expect([role, (await as(member, `POST ${path}`, { email, role: 'viewer' })).status]).toEqual([
        role,
        403,
      ]);
      expect([role, (await as(member, `GET ${path}`)).status]).toEqual([role, 403]);
      expect([role, (await as(member, `DELETE ${path}/${id}`)).status]).toEqual([role, 403]);
      expect((await as(stranger, `POST ${path}`, { email, role: 'viewer' })).status).toBe(404);
      expect((await as(stranger, `GET ${path}`)).status).toBe(404);
      expect((await rest(settee.url, `GET ${path}`)).status).toBe(401);
    }
  });

  it('cannot be guessed, nor found in any list', async () => {
    const { id, token } = await invite();
    expect(token.length).toBeGreaterThanOrEqual(22);
    expect(token).not.toContain(id);
    const guesses = [
      id,
      `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
      token.slice(0, -2),
      `${token}a`,
      token.toUpperCase() === token ? token.toLowerCase() : token.toUpperCase(),
      randomBytes(32).toString('base64url'),
      randomBytes(32).toString('hex'),
      '..%2F..%2Fspace',
      encodeURIComponent(`space:${spaceId}`),
      '__proto__',
    ];
    for (const guess of guesses) {
      for (const call of ['GET ', 'POST /accept', 'POST /decline']) {
        const [method = '', tail = ''] = call.split(' ');
        const answer = await as(stranger, `${method} /api/invitations/${guess}${tail}`);
        expect([guess, call, answer.status >= 400 && answer.status < 500]).toEqual([guess, call, true]);
        expect(JSON.stringify(answer.body)).not.toContain(guest.email);
      }
    }
    const shown = JSON.stringify((await as(owner, `GET /api/spaces/${spaceId}/invitations`)).body);
    expect([shown.includes(id), shown.includes(token)]).toEqual([true, false]);
    expect(await membersOf()).toEqual([owner.user.id]);
  });

  it('is told to nobody without an account, and takes no role that is none', async () => {
    const { token } = await invite();
    expect((await rest(settee.url, `POST /api/invitations/${token}/accept`)).status).toBe(401);
    for (const role of ['admin', 'Owner', '', null, ['owner'], { $ne: 1 }]) {
      const answer = await as(owner, `POST /api/spaces/${spaceId}/invitations`, { email: guest.email, role });
      expect([role, answer.status]).toEqual([role, 400]);
    }
  });

  it('leads into no personal space and not among the templates', async () => {
    for (const id of [owner.user.id, 'templates', '__proto__', 'constructor']) {
      const answer = await as(owner, `POST /api/spaces/${encodeURIComponent(id)}/invitations`, {
        email: guest.email,
        role: 'editor',
      });
      expect([id, [400, 403, 404, 409].includes(answer.status)]).toEqual([id, true]);
    }
    const stranded = await as(guest, 'GET /api/spaces');
    const kinds = (stranded.body.spaces as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== 'templates')).toEqual(['personal']);
  });
});
