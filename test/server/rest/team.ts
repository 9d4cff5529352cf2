import { rest, type RestAnswer, type RestCall } from '../../support/rest-client.ts';
import type { TestAccount, TestSettee } from '../../support/settee.ts';

/** One user's calls. */
export type Caller = TestAccount & { call(target: string, body?: unknown): Promise<RestAnswer> };

/** A new account whose calls carry its token. */
export async function newCaller(settee: TestSettee, email?: string): Promise<Caller> {
  const account = await settee.register(email);
  return {
    ...account,
    call(target, body) {
      const call: RestCall = { token: account.accessToken, ...(body === undefined ? {} : { body }) };
      return rest(settee.url, target, call);
    },
  };
}

export async function newTeam(owner: Caller, name = 'Team'): Promise<{ id: string; database: string }> {
  const answer = await owner.call('POST /api/spaces', { name, kind: 'team' });
  if (answer.status !== 201) throw new Error(`Making a team answered ${answer.status}`);
  return answer.body;
}

/** Invites somebody and lets him accept. */
export async function join(
  space: { id: string },
  { owner, who, role = 'editor' }: { owner: Caller; who: Caller; role?: string },
): Promise<void> {
  const invited = await owner.call(`POST /api/spaces/${space.id}/invitations`, { email: who.email, role });
  const joined = await who.call(`POST /api/invitations/${invited.body.token}/accept`);
  if (joined.status !== 200) throw new Error(`Joining answered ${joined.status}`);
}

/** The documents of a database whose ids begin so, as their reader sees them through the proxy. */
export async function readDocuments(
  who: Caller,
  database: string,
  prefix: string,
): Promise<RestAnswer['body'][]> {
  const range = `startkey=${encodeURIComponent(JSON.stringify(prefix))}&endkey=${encodeURIComponent(JSON.stringify(`${prefix}\ufff0`))}`;
  const { body } = await who.call(`GET /db/${database}/_all_docs?include_docs=true&${range}`);
  return body.rows.map((row: { doc: unknown }) => row.doc);
}
