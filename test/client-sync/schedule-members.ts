import { rest, type RestAnswer } from '../support/rest-client.ts';
import type { TestAccount, TestSettee } from '../support/settee.ts';
import { openBrowser, type Browser } from './open-settee.ts';

export type Role = 'owner' | 'editor' | 'viewer';

/** Somebody with one or more browsers, and calls of his own to the server. */
export interface Member {
  id: string;
  account: TestAccount;
  devices: Browser[];
  /** Opens another browser of his. */
  open(): Promise<Browser>;
  call(target: string, body?: unknown): Promise<RestAnswer>;
}

export async function newMember(server: TestSettee): Promise<Member> {
  const account = await server.register();
  const { email, password } = account;
  const member: Member = {
    id: account.user.id,
    account,
    devices: [],
    async open() {
      const browser = await openBrowser(server.url, { autosaveMilliseconds: 20 });
      await browser.settee.account.signIn({ email, password });
      member.devices.push(browser);
      return browser;
    },
    call: (target, body) =>
      rest(server.url, target, { token: account.accessToken, ...(body === undefined ? {} : { body }) }),
  };
  return member;
}

export function must(answer: RestAnswer): RestAnswer {
  if (answer.status >= 300)
    throw new Error(`It was refused: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}

/** A space, its owner, and whoever it is about. */
export interface Pair {
  spaceId: string;
  owner: Member;
  member: Member;
}

export async function invite({ spaceId, owner, member }: Pair, role: Role): Promise<string> {
  const { email } = member.account;
  const answer = must(await owner.call(`POST /api/spaces/${spaceId}/invitations`, { email, role }));
  return answer.body.token as string;
}

export async function grant(cast: Pair, role: Role): Promise<void> {
  must(await cast.member.call(`POST /api/invitations/${await invite(cast, role)}/accept`));
}

export async function revoke({ spaceId, owner, member }: Pair): Promise<void> {
  must(await owner.call(`DELETE /api/spaces/${spaceId}/members/${member.id}`));
}

export async function setRole({ spaceId, owner, member }: Pair, role: Role): Promise<void> {
  must(await owner.call(`PATCH /api/spaces/${spaceId}/members/${member.id}`, { role }));
}

export async function removeSpace({ spaceId, owner }: Pair): Promise<void> {
  must(await owner.call(`DELETE /api/spaces/${spaceId}`));
}

export const device = (member: Member, n = 0): Browser => member.devices[n] as Browser;
