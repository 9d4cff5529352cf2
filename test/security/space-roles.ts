import { randomUUID } from 'node:crypto';
import { makeVersion } from '../../flow/index.ts';
import {
  monthOf,
  runsDatabase,
  serverDatabaseName,
  spaceDatabase,
  type FlowDocument,
} from '../../schema/index.ts';
import { makeExecutions } from '../support/executions.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import type { TestSettee } from '../support/settee.ts';
import { registerPersonal, type PersonalAccount } from '../server/proxy/personal-account.ts';

export const spaceKinds = ['personal', 'team', 'shared', 'templates'] as const;
export type SpaceKind = (typeof spaceKinds)[number];

/** Who may come to a space's door. The keys are the owner's own. */
export const callers = [
  'owner',
  'editor',
  'viewer',
  'former member',
  'stranger',
  'anonymous',
  'key that reads',
  'key that writes',
  'key that executes',
] as const;
export type Caller = (typeof callers)[number];

/** A space of every kind with something in it, and everybody who may or may not see it. */
export interface SpaceWithData {
  kind: SpaceKind;
  id: string;
  database: string;
  /** The runs of this month. */
  runs: string;
  flow: FlowDocument;
  version: string;
  execution: string;
  /** Stands in the flow, its version, its attachment and its run. */
  secret: string;
}

export interface Door {
  spaces: Record<SpaceKind, SpaceWithData>;
  people: Record<'owner' | 'editor' | 'viewer' | 'former member' | 'stranger', PersonalAccount>;
  /** Null is no token at all. */
  tokens: Record<Caller, string | null>;
}

type Members = Record<'owner' | 'editor' | 'viewer', string>;

async function makeKey(url: string, token: string, scopes: string[]): Promise<string> {
  const answer = await fetch(`${url}/api/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: scopes.join(), scopes }),
  });
  const reply = (await answer.json()) as { key?: string; token?: string };
  const key = reply.token ?? reply.key;
  if (key === undefined) throw new Error(`No key: ${JSON.stringify(reply)}`);
  return key;
}

/** Writes the directory's entry as the server would, and makes the database. */
async function makeSpace(
  settee: TestSettee,
  kind: SpaceKind,
  members: Members,
  former: string,
): Promise<string> {
  const { couch } = settee.services;
  const id = kind === 'templates' ? 'templates' : randomUUID();
  const directory = couch.admin<object>(serverDatabaseName('directory', couch.prefix));
  const now = new Date().toISOString();
  const roles = Object.fromEntries(Object.entries(members).map(([role, userId]) => [userId, role]));
  const document = {
    _id: `space:${id}`,
    type: 'space',
    kind,
    name: `A space: ${kind}`,
    members: kind === 'templates' ? {} : roles,
    ...(kind === 'templates' ? {} : { former: { [former]: now } }),
    createdAt: now,
  };
  const isThere = kind === 'templates' && (await directory.get(document._id).catch(() => null)) !== null;
  if (!isThere) await directory.insert(document);
  await couch.createDatabase(spaceDatabase(id, couch.prefix), 'space', id);
  return id;
}

async function fill(
  settee: TestSettee,
  kind: SpaceKind,
  id: string,
  database: string,
): Promise<SpaceWithData> {
  const { couch } = settee.services;
  const month = monthOf(new Date());
  const runs = runsDatabase(database, month);
  const seed = spaceKinds.indexOf(kind) + 1;
  const [made] = makeFlowDocuments({ seed, count: 1, size: 3000 });
  const [execution] = makeExecutions({ seed, count: 1, month });
  if (!made || !execution) throw new Error('Nothing was made.');
  const secret = `secret-${randomUUID()}`;
  const flow = { ...made, name: secret };
  const version = makeVersion(flow);
  const _attachments = { 'a.txt': { content_type: 'text/plain', data: btoa(secret) } };
  const main = couch.admin<object>(database);
  await main.insert({ ...flow, _attachments } as object);
  await main.insert(version);
  await couch.createDatabase(runs, 'runs', id);
  const run = { ...execution, flowId: flow._id.slice('flow:'.length), flowName: secret };
  await couch.admin<object>(runs).insert(run);
  return { kind, id, database, runs, flow, version: version._id, execution: run._id, secret };
}

/** Makes a space of every kind, with a person for every role. */
export async function openDoor(settee: TestSettee): Promise<Door> {
  const register = (): Promise<PersonalAccount> => registerPersonal(settee);
  const people = {
    owner: await register(),
    editor: await register(),
    viewer: await register(),
    'former member': await register(),
    stranger: await register(),
  };
  const members: Members = {
    owner: people.owner.user.id,
    editor: people.editor.user.id,
    viewer: people.viewer.user.id,
  };
  const { prefix } = settee.services.couch;
  const make = async (kind: SpaceKind): Promise<SpaceWithData> => {
    if (kind === 'personal') return fill(settee, kind, members.owner, people.owner.database);
    const id = await makeSpace(settee, kind, members, people['former member'].user.id);
    return fill(settee, kind, id, spaceDatabase(id, prefix));
  };
  const { accessToken } = people.owner;
  const key = (...scopes: string[]): Promise<string> => makeKey(settee.url, accessToken, scopes);
  return {
    people,
    spaces: {
      personal: await make('personal'),
      team: await make('team'),
      shared: await make('shared'),
      templates: await make('templates'),
    },
    tokens: {
      owner: accessToken,
      editor: people.editor.accessToken,
      viewer: people.viewer.accessToken,
      'former member': people['former member'].accessToken,
      stranger: people.stranger.accessToken,
      anonymous: null,
      'key that reads': await key('read'),
      'key that writes': await key('read', 'write'),
      'key that executes': await key('execute'),
    },
  };
}
