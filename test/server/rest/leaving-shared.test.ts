import { expect, test, vi } from 'vitest';
import { rest } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { newCaller, type Caller } from './team.ts';

let ahead = 0;
const settee = useSettee({ clock: () => new Date(Date.now() + ahead) });
const graph = { nodes: [], edges: [] };

/** A flow of somebody's that others edit. */
async function newShared(...others: Caller[]) {
  const owner = await newCaller(settee);
  const { id } = (await owner.call('POST /api/flows', { name: 'Shared', flow: graph })).body;
  let spaceId = '';
  for (const { user } of others) {
    const answer = await owner.call(`PUT /api/flows/${id}/contributors/${user.id}`, { role: 'editor' });
    ({ spaceId } = answer.body);
  }
  return { owner, id, spaceId };
}

const spaceOf = async (who: Caller, id: string) => (await who.call(`GET /api/flows/${id}`)).body.spaceId;
/** Their own space, and the templates. */
const kindsOf = async (who: Caller) =>
  (await who.call('GET /api/spaces')).body.spaces.map(({ kind }: { kind: string }) => kind);

test('where the last contributor leaves, or is taken out as a member, the flow is the owner’s alone', async () => {
  for (const who of ['other', 'owner'] as const) {
    const other = await newCaller(settee);
    const { owner, id, spaceId } = await newShared(other);
    const caller = who === 'owner' ? owner : other;
    expect((await caller.call(`DELETE /api/spaces/${spaceId}/members/${other.user.id}`)).status).toBe(204);
    expect(await spaceOf(owner, id)).toBe(owner.user.id);
    expect(await kindsOf(owner)).not.toContain('shared');
    expect(await kindsOf(other)).not.toContain('shared');
  }
});

test('where somebody else stays, the flow stays with them', async () => {
  const [one, two] = [await newCaller(settee), await newCaller(settee)];
  const { owner, id, spaceId } = await newShared(one, two);
  await one.call(`DELETE /api/spaces/${spaceId}/members/${one.user.id}`);
  expect([await spaceOf(owner, id), await spaceOf(two, id)]).toEqual([spaceId, spaceId]);
});

/** A flow that nobody but its owner sees, with people invited to it. */
async function newInviting(...emails: string[]) {
  const owner = await newCaller(settee);
  const { id } = (await owner.call('POST /api/flows', { name: 'Shared', flow: graph })).body;
  const invitations: { id: string; token: string }[] = [];
  for (const email of emails) {
    const { body } = await owner.call(`PUT /api/flows/${id}/contributors`, { email, role: 'editor' });
    invitations.push(body);
  }
  return { owner, id, spaceId: await spaceOf(owner, id), invitations };
}

test('where the last invitation is withdrawn or declined, the flow is the owner’s alone; not before', async () => {
  for (const how of ['withdrawn', 'declined'] as const) {
    const { owner, id, spaceId, invitations } = await newInviting('one@example.org', 'two@example.org');
    expect(await kindsOf(owner)).toContain('shared');
    for (const invitation of invitations) {
      expect(await spaceOf(owner, id)).toBe(spaceId);
      const withdrawal = `DELETE /api/spaces/${spaceId}/invitations/${invitation.id}`;
      const answer =
        how === 'withdrawn'
          ? await owner.call(withdrawal)
          : await rest(settee.url, `POST /api/invitations/${invitation.token}/decline`);
      expect(answer.status).toBe(204);
    }
    expect(await spaceOf(owner, id)).toBe(owner.user.id);
    expect(await kindsOf(owner)).not.toContain('shared');
  }
});

test('whoever is invited while the last invitation is being declined finds the flow', async () => {
  for (const milliseconds of [0, 5, 20]) {
    const { owner, id, invitations } = await newInviting('one@example.org');
    const other = await newCaller(settee);
    const declined = rest(settee.url, `POST /api/invitations/${invitations[0]?.token}/decline`);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const call = { email: other.email, role: 'editor' };
    const invited = await owner.call(`PUT /api/flows/${id}/contributors`, call);
    expect([invited.status, (await declined).status]).toEqual([201, 204]);
    expect((await other.call(`POST /api/invitations/${invited.body.token}/accept`)).status).toBe(200);
    expect((await other.call(`GET /api/flows/${id}`)).status).toBe(200);
  }
});

test('an invitation that ends takes the flow from nobody who shares it', async () => {
  const other = await newCaller(settee);
  const { owner, id, spaceId } = await newShared(other);
  const call = { email: 'late@example.org', role: 'editor' };
  const { body } = await owner.call(`PUT /api/flows/${id}/contributors`, call);
  await rest(settee.url, `POST /api/invitations/${body.token}/decline`);
  expect([await spaceOf(owner, id), await spaceOf(other, id)]).toEqual([spaceId, spaceId]);
});

test('where the last invitation expires, the flow is the owner’s alone', async () => {
  const { owner, id, spaceId } = await newInviting('slow@example.org');
  const { invitations } = settee.services.spaces;
  const { signal } = new AbortController();
  await invitations.removeExpired(signal);
  expect(await spaceOf(owner, id)).toBe(spaceId);
  ahead = 8 * 86_400_000;
  await invitations.removeExpired(signal);
  ahead = 0;
  expect(await spaceOf(owner, id)).toBe(owner.user.id);
});

test('where an account goes, whoever is left has the flow in the personal space', async () => {
  const other = await newCaller(settee);
  const { owner, id, spaceId } = await newShared(other);
  await settee.services.spaces.removeUser(other.user.id);
  expect(await spaceOf(owner, id)).toBe(owner.user.id);
  const heir = await newCaller(settee);
  const second = await newShared(heir);
  await settee.services.spaces.removeUser(second.owner.user.id);
  expect(await spaceOf(heir, second.id)).toBe(heir.user.id);
  expect(spaceId).not.toBe(owner.user.id);
});

test('a crash after somebody left is made good at the next start', async () => {
  const other = await newCaller(settee);
  const { owner, id, spaceId } = await newShared(other);
  const { moves } = settee.services.spaces;
  const dissolve = vi.spyOn(moves, 'dissolve').mockResolvedValue(false);
  await other.call(`DELETE /api/spaces/${spaceId}/members/${other.user.id}`);
  expect(dissolve).toHaveBeenCalledWith(spaceId);
  expect(await spaceOf(owner, id)).toBe(spaceId);
  await settee.restart();
  await vi.waitFor(async () => expect(await spaceOf(owner, id)).toBe(owner.user.id), 15_000);
});
