import { randomUUID } from 'node:crypto';
import { smallDocuments } from '../documents.ts';
import { json, store } from '../people.ts';

export interface Login {
  email: string;
  password: string;
}

/** Two people, and the spaces of which both are members; each space has a few flows. */
export interface Team {
  logins: [Login, Login];
  spaces: { id: string; database: string; flowIds: string[] }[];
}

const password = 'a sofa for two';
const flowsPerSpace = 5;

export async function signIn(url: string, login: Login): Promise<string> {
  const { accessToken } = await json<{ accessToken: string }>(`${url}/api/auth/login`, sending(login));
  return accessToken;
}

export async function createTeam(url: string, spaceCount: number): Promise<Team> {
  const [a, b] = [await register(url), await register(url)];
  const spaces: Team['spaces'] = [];
  while (spaces.length < spaceCount) {
    const { id } = await json<{ id: string }>(
      `${url}/api/spaces`,
      sending({ name: `Team ${spaces.length + 1}`, kind: 'team' }, a.token),
    );
    const { token } = await json<{ token: string }>(
      `${url}/api/spaces/${id}/invitations`,
      sending({ email: b.login.email, role: 'editor' }, a.token),
    );
    await json(`${url}/api/invitations/${token}/accept`, sending({}, b.token));
    spaces.push({ id, database: '', flowIds: [] });
  }
  const listed = await json<{ spaces: { id: string; database: string }[] }>(`${url}/api/spaces`, {
    headers: { authorization: `Bearer ${a.token}` },
  });
  for (const space of spaces) {
    space.database = listed.spaces.find(({ id }) => id === space.id)?.database ?? '';
    const flows = smallDocuments(flowsPerSpace) as { _id: string }[];
    await store({ url: `${url}/db/${space.database}`, authorization: `Bearer ${a.token}` }, flows);
    space.flowIds = flows.map(({ _id }) => _id.slice('flow:'.length));
  }
  return { logins: [a.login, b.login], spaces };
}

async function register(url: string): Promise<{ login: Login; token: string }> {
  const login = { email: `together-${randomUUID()}@example.org`, password };
  const { accessToken } = await json<{ accessToken: string }>(`${url}/api/auth/register`, sending(login));
  return { login, token: accessToken };
}

function sending(body: object, token?: string): RequestInit {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  };
}
