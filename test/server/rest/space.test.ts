import { describe, expect, it } from 'vitest';
import { monthOf, personalDatabase, runsDatabase } from '../../../schema/index.ts';
import { outcome, rest } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';

const settee = useSettee();

describe('spaces', () => {
  it('are listed with the addresses by which any PouchDB replicates them', async () => {
    const { accessToken: token, user } = await settee.register();
    const { body } = await rest(settee.url, 'GET /api/spaces', { token });
    const database = personalDatabase(user.id, settee.config.databasePrefix);
    expect(body.spaces.map(({ kind }: { kind: string }) => kind)).toEqual(['personal', 'templates']);
    expect(body.spaces[0]).toMatchObject({ id: user.id, kind: 'personal', role: 'owner', database });
    expect(body.spaces[0].url).toBe(`${settee.url}/db/${database}`);
    for (const { month, ...runs } of body.spaces[0].runs) {
      const name = runsDatabase(database, month);
      expect(runs).toEqual({ database: name, url: `${settee.url}/db/${name}` });
    }
    expect((await rest(settee.url, `GET /db/${database}`, { token })).status).toBe(200);
    const month = runsDatabase(database, monthOf(new Date()));
    expect([201, 412]).toContain((await rest(settee.url, `PUT /db/${month}`, { token })).status);
  });

  it('have the public address where one is configured', async () => {
    const other = await settee.startAnother({ publicUrl: 'https://flows.example.org' });
    const { accessToken: token } = await settee.register();
    const { body } = await rest(other.url, 'GET /api/spaces', { token });
    expect(body.spaces[0].url).toMatch(/^https:\/\/flows\.example\.org\/db\//);
  });

  it('are for those who signed in', async () => {
    expect(outcome(await rest(settee.url, 'GET /api/spaces'))).toBe('401 unauthorized');
  });

  it('have runs of months before the account where its owner asks for them', async () => {
    const { accessToken: token, user } = await settee.register();
    const month = '2019-11';
    const runs = runsDatabase(personalDatabase(user.id, settee.config.databasePrefix), month);
    const allow = (from: unknown, as = token) =>
      rest(settee.url, `POST /api/spaces/${user.id}/months`, { token: as, body: { from } });
    expect((await rest(settee.url, `PUT /db/${runs}`, { token })).status).toBe(404);
    expect([(await allow(month)).status, (await allow(month)).status]).toEqual([204, 204]);
    expect((await allow('2024-02')).status).toBe(204);
    expect((await rest(settee.url, `PUT /db/${runs}`, { token })).status).toBe(201);
    const { body } = await rest(settee.url, 'GET /api/spaces', { token });
    expect(body.spaces[0].runs.map(({ month: listed }: { month: string }) => listed)).toContain(month);
    const other = await settee.register();
    expect(outcome(await allow('2018-01', other.accessToken))).toBe('404 not_found');
    const older = runs.replace(month, '2018-01');
    expect((await rest(settee.url, `PUT /db/${older}`, { token })).status).toBe(404);
  });

  it('have no runs of the future, nor of times before anybody recorded any', async () => {
    const { accessToken: token, user } = await settee.register();
    const next = new Date(Date.now() + 40 * 86_400_000);
    for (const from of [monthOf(next), '9999-12', '1999-12', '2024-13', '2024-1', '', 7, undefined]) {
      const answer = await rest(settee.url, `POST /api/spaces/${user.id}/months`, { token, body: { from } });
      expect(outcome(answer)).toBe('400 invalid_body');
    }
  });
});
