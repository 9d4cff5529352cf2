import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { personalDatabase, serverDatabaseName } from '../../../schema/index.ts';
import { createLog } from '../../../server/log.ts';
import type { Mail } from '../../../server/mail/mailer.ts';
import { outcome, rest } from '../../support/rest-client.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';
import { join, newCaller, newTeam, readDocuments, type Caller } from './team.ts';

let settee: TestSettee;
let owner: Caller;
let now = 0;
const mails: Mail[] = [];
const lines: string[] = [];
let isMailServerDown = false;

beforeAll(async () => {
  settee = await startSettee({
    clock: () => new Date(Date.now() + now),
    log: createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } }),
    mailer: {
      async send(mail) {
        mails.push(mail);
        return !isMailServerDown;
      },
      close() {},
    },
  });
  owner = await newCaller(settee);
});
afterAll(() => settee.stop());

async function invite(space: { id: string }, email = `${randomUUID()}@example.org`, role = 'editor') {
  const answer = await owner.call(`POST /api/spaces/${space.id}/invitations`, { email, role });
  expect(answer.status).toBe(201);
  return answer.body as { id: string; token: string; link: string; expiresAt: string; mailed: boolean };
}
const accept = (who: Caller, token: string) => who.call(`POST /api/invitations/${token}/accept`);
const rolesIn = async (space: { id: string }): Promise<Record<string, string>> => {
  const { body } = await owner.call(`GET /api/spaces/${space.id}/members`);
  return Object.fromEntries(
    body.members.map(({ userId, role }: { userId: string; role: string }) => [userId, role]),
  );
};

describe('an invitation', () => {
  it('is mailed, shown once to the inviter, and lets somebody in who has no account yet', async () => {
    const team = await newTeam(owner, 'Garden');
    const email = `${randomUUID()}@example.org`;
    const made = await invite(team, email, 'viewer');
    expect(made.mailed).toBe(true);
    expect(made.link).toBe(`${settee.url}/#/invitations/${made.token}`);
    expect(Buffer.from(made.token, 'base64url')).toHaveLength(32);
    const mail = mails.at(-1);
    expect(mail).toMatchObject({ to: email, subject: 'Invitation to "Garden"' });
    expect(mail?.text).toContain(made.link);
    const preview = await rest(settee.url, `GET /api/invitations/${made.token}`);
    expect(preview.body).toEqual({
      spaceName: 'Garden',
      kind: 'team',
      invitedBy: owner.email,
      email,
      role: 'viewer',
      expiresAt: made.expiresAt,
    });
    expect(outcome(await rest(settee.url, `POST /api/invitations/${made.token}/accept`))).toBe(
      '401 unauthorized',
    );
    const newcomer = await newCaller(settee, email);
    const joined = await accept(newcomer, made.token);
    expect(joined.body).toMatchObject({ id: team.id, name: 'Garden', role: 'viewer', kind: 'team' });
    expect((await newcomer.call(`GET /db/${team.database}`)).status).toBe(200);
    const personal = personalDatabase(newcomer.user.id, settee.config.databasePrefix);
    expect(await readDocuments(newcomer, personal, 'membership:')).toMatchObject([
      { spaceId: team.id, role: 'viewer' },
    ]);
  });

  it('works once, for whoever comes first', async () => {
    const team = await newTeam(owner);
    const { token } = await invite(team);
    const people = await Promise.all([newCaller(settee), newCaller(settee), newCaller(settee)]);
    const outcomes = (await Promise.all(people.map((who) => accept(who, token)))).map(outcome);
    expect(outcomes.toSorted()).toEqual(['200', '404 invitation_invalid', '404 invitation_invalid']);
    expect(Object.keys(await rolesIn(team))).toHaveLength(2);
    expect(outcome(await rest(settee.url, `GET /api/invitations/${token}`))).toBe('404 invitation_invalid');
  });

  it('may be accepted again by the same user, and not after he was removed', async () => {
    const team = await newTeam(owner);
    const { token } = await invite(team);
    const who = await newCaller(settee);
    expect((await accept(who, token)).status).toBe(200);
    expect((await accept(who, token)).status).toBe(200);
    await owner.call(`DELETE /api/spaces/${team.id}/members/${who.user.id}`);
    expect(outcome(await accept(who, token))).toBe('404 invitation_invalid');
    expect(Object.keys(await rolesIn(team))).toEqual([owner.user.id]);
  });

  it('expires', async () => {
    const team = await newTeam(owner);
    const { token, expiresAt } = await invite(team);
    const days = (Date.parse(expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
    const who = await newCaller(settee);
    now = 8 * 86_400_000;
    try {
      expect(outcome(await rest(settee.url, `GET /api/invitations/${token}`))).toBe('410 invitation_expired');
      await expect(settee.services.spaces.invitations.accept(token, who.user.id)).rejects.toMatchObject({
        code: 'invitation_expired',
      });
      expect(await settee.services.spaces.invitations.list(team.id, owner.user.id)).toEqual([]);
    } finally {
      now = 0;
    }
  });

  it('is listed and withdrawn by owners only', async () => {
    const team = await newTeam(owner);
    const editor = await newCaller(settee);
    await join(team, { owner, who: editor });
    const made = await invite(team, 'someone@example.org', 'viewer');
    const list = (who: Caller) => who.call(`GET /api/spaces/${team.id}/invitations`);
    const { body } = await list(owner);
    expect(body.invitations).toEqual([
      {
        id: made.id,
        email: 'someone@example.org',
        role: 'viewer',
        invitedBy: owner.user.id,
        createdAt: expect.any(String),
        expiresAt: made.expiresAt,
      },
    ]);
    expect(JSON.stringify(body)).not.toContain(made.token);
    const withdraw = (who: Caller) => who.call(`DELETE /api/spaces/${team.id}/invitations/${made.id}`);
    const asEditor = [list, withdraw].map(async (call) => outcome(await call(editor)));
    expect(await Promise.all(asEditor)).toEqual(['403 forbidden', '403 forbidden']);
    const inviting = await editor.call(`POST /api/spaces/${team.id}/invitations`, {
      email: 'x@example.org',
      role: 'viewer',
    });
    expect(outcome(inviting)).toBe('403 forbidden');
    expect((await withdraw(owner)).status).toBe(204);
    expect(outcome(await withdraw(owner))).toBe('404 not_found');
    expect(outcome(await accept(await newCaller(settee), made.token))).toBe('404 invitation_invalid');
    expect((await list(owner)).body.invitations).toEqual([]);
  });

  it('is declined by whoever holds it, without an account', async () => {
    const team = await newTeam(owner);
    const { token } = await invite(team);
    const decline = () => rest(settee.url, `POST /api/invitations/${token}/decline`);
    expect((await decline()).status).toBe(204);
    expect(outcome(await decline())).toBe('404 invitation_invalid');
    expect(outcome(await accept(await newCaller(settee), token))).toBe('404 invitation_invalid');
  });

  it('is refused for members, before and after it was made', async () => {
    const team = await newTeam(owner);
    const who = await newCaller(settee);
    const first = await invite(team, who.email);
    const second = await invite(team, who.email);
    expect((await accept(who, first.token)).status).toBe(200);
    expect(outcome(await accept(who, second.token))).toBe('409 conflict');
    const again = await owner.call(`POST /api/spaces/${team.id}/invitations`, {
      email: ` ${who.email.toUpperCase()} `,
      role: 'editor',
    });
    expect(outcome(again)).toBe('409 conflict');
  });

  it('does not bring back an owner who was removed, nor his friends', async () => {
    const team = await newTeam(owner);
    const other = await newCaller(settee);
    await join(team, { owner, who: other, role: 'owner' });
    const { body } = await other.call(`POST /api/spaces/${team.id}/invitations`, {
      email: 'x@example.org',
      role: 'owner',
    });
    await owner.call(`DELETE /api/spaces/${team.id}/members/${other.user.id}`);
    expect(outcome(await accept(other, body.token))).toBe('404 invitation_invalid');
    expect(await rolesIn(team)).toEqual({ [owner.user.id]: 'owner' });
  });

  it('ends with its space', async () => {
    const team = await newTeam(owner);
    const { token, id } = await invite(team);
    await owner.call(`DELETE /api/spaces/${team.id}`);
    expect(outcome(await rest(settee.url, `GET /api/invitations/${token}`))).toBe('404 invitation_invalid');
    const directory = settee.services.couch.admin(
      serverDatabaseName('directory', settee.config.databasePrefix),
    );
    await expect(directory.get(`invitation:${id}`)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('is made all the same where the mail server fails', async () => {
    isMailServerDown = true;
    const { mailed, token } = await invite(await newTeam(owner));
    isMailServerDown = false;
    expect(mailed).toBe(false);
    expect((await rest(settee.url, `GET /api/invitations/${token}`)).status).toBe(200);
  });

  it('needs an address and a role', async () => {
    const team = await newTeam(owner);
    for (const body of [{}, { email: 'nobody', role: 'editor' }, { email: 'a@example.org', role: 'king' }]) {
      expect(outcome(await owner.call(`POST /api/spaces/${team.id}/invitations`, body))).toBe(
        '400 invalid_body',
      );
    }
  });

  it('leaves no token in the log, whatever is done with it', async () => {
    const { token } = await invite(await newTeam(owner));
    await rest(settee.url, `GET /api/invitations/${token}`);
    await rest(settee.url, `GET /api/invitations/${token}/`);
    await rest(settee.url, `GET /invitations/${token}`);
    await accept(await newCaller(settee), token);
    expect(lines.some((line) => line.includes('/api/invitations/[secret]/accept'))).toBe(true);
    expect(lines.filter((line) => line.includes(token))).toEqual([]);
  });
});

describe('guessing tokens', () => {
  it('is limited, without shutting others out of theirs', async () => {
    const limited = await settee.startAnother({
      rateLimits: { windowSeconds: 60, signIn: 1, general: 0, replication: 0 },
    });
    const { token } = await invite(await newTeam(owner));
    const guess = () => rest(limited.url, `GET /api/invitations/${randomUUID()}`);
    const outcomes: string[] = [];
    for (let n = 0; n < 21; n++) outcomes.push(outcome(await guess()));
    expect(outcomes.slice(0, 20).every((each) => each === '404 invitation_invalid')).toBe(true);
    expect(outcomes[20]).toBe('429 rate_limited');
    expect((await rest(settee.url, `GET /api/invitations/${token}`)).status).toBe(200);
  });
});
