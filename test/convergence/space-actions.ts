import type { Command, CommandOf } from './commands.ts';
import { isOk, ownerOf, pick, reconcile, said, shared } from './membership.ts';
import { actOnPlaces } from './move-actions.ts';
import type { World } from './world.ts';

async function makeTeam(world: World, { person: n }: CommandOf<'team'>): Promise<string> {
  const person = pick(world.people, n);
  if (!person || shared(world).length >= 3) return 'nothing';
  const since = Date.now();
  const answer = await person.call('POST /api/spaces', { name: 'Team', kind: 'team' });
  if (!answer) return reconcile(world, since).then(() => 'no answer');
  if (answer.status !== 201) return said(answer);
  const { id, database } = answer.body as { id: string; database: string };
  world.model.addSpace({ id, database, kind: 'team' }, person.id, since);
  return `${id} by ${person.id}`;
}

async function invite(world: World, { person: n, space: s, role }: CommandOf<'invite'>): Promise<string> {
  const [person, space] = [pick(world.people, n), pick(shared(world), s)];
  const owner = space && ownerOf(world, space);
  if (!person || !space || !owner || space.roles.has(person.id)) return 'nothing';
  const invitation = await owner.call(`POST /api/spaces/${space.id}/invitations`, {
    email: person.email,
    role,
  });
  if (invitation?.status !== 201) return said(invitation);
  const since = Date.now();
  const answer = await person.call(`POST /api/invitations/${invitation.body.token}/accept`);
  if (!answer) await reconcile(world, since);
  if (isOk(answer)) world.model.join(space.id, person.id, role, since);
  return `${person.id} into ${space.id} as ${role}: ${said(answer)}`;
}

async function changeRole(world: World, { person: n, space: s, role }: CommandOf<'role'>): Promise<string> {
  const [person, space] = [pick(world.people, n), pick(shared(world), s)];
  const owner = space && ownerOf(world, space);
  if (!person || !space || !owner || !space.roles.has(person.id)) return 'nothing';
  const since = Date.now();
  const answer = await owner.call(`PATCH /api/spaces/${space.id}/members/${person.id}`, { role });
  if (!answer) await reconcile(world, since);
  if (isOk(answer)) world.model.join(space.id, person.id, role, since);
  return `${person.id} in ${space.id} is ${role}: ${said(answer)}`;
}

async function removeMember(world: World, command: CommandOf<'revoke' | 'leave'>): Promise<string> {
  const [person, space] = [pick(world.people, command.person), pick(shared(world), command.space)];
  const actor = command.kind === 'leave' ? person : space && ownerOf(world, space);
  if (!person || !space || !actor || !space.roles.has(person.id)) return 'nothing';
  const since = Date.now();
  const answer = await actor.call(`DELETE /api/spaces/${space.id}/members/${person.id}`);
  if (!answer) await reconcile(world, since);
  if (isOk(answer)) world.model.leave(space.id, person.id);
  return `${person.id} out of ${space.id} by ${actor.id}: ${said(answer)}`;
}

/** What is done to spaces and their members, on a network that works; says what it did. */
export async function actOnSpaces(world: World, command: Command): Promise<string> {
  switch (command.kind) {
    case 'team':
      return makeTeam(world, command);
    case 'invite':
      return invite(world, command);
    case 'role':
      return changeRole(world, command);
    case 'revoke':
    case 'leave':
      return removeMember(world, command);
    case 'share':
    case 'unshare':
    case 'move':
      return actOnPlaces(world, command);
    default:
      return 'nothing';
  }
}
