import type { StoredDocument } from './device-storage.ts';
import { engineLeaves } from './engine-leaves.ts';
import { settleable } from './judge-conflicts.ts';
import type { Write } from './model.ts';
import { tokensIn } from './values.ts';
import type { World } from './world.ts';

type Databases = Map<string, StoredDocument[]>;

const isReplicated = ({ _id }: StoredDocument): boolean => !_id.startsWith('_');

/** Documents with all of their leaves, as one text each: `flow:… 2-aaa 3-bbb`. */
function leafLines(docs: readonly StoredDocument[], ignored: ReadonlySet<string>): Set<string> {
  const leaves = new Map<string, string[]>();
  for (const { _id, _rev, _deleted } of docs.filter(isReplicated)) {
    if (ignored.has(_id)) continue;
    leaves.set(_id, [...(leaves.get(_id) ?? []), _deleted === true ? `${_rev} (deleted)` : _rev]);
  }
  return new Set([...leaves].map(([id, revisions]) => [id, ...revisions.toSorted()].join(' ')));
}

const difference = (a: Set<string>, b: Set<string>): string[] => [...a].filter((line) => !b.has(line));

/** (a) Every device of a member holds the leaves that the server holds, and nothing of spaces that are not its own. */
async function judgeDevices({ devices, model }: World, server: Databases): Promise<string[]> {
  const found: string[] = [];
  for (const { name, person, settee, storage } of devices) {
    const refused = new Set((await settee.refused.list()).map(({ docId }) => docId));
    const local = [...(await storage.read())].map(([at, docs]) => ({ at, lines: leafLines(docs, refused) }));
    const mine = [...model.spaces.values()].filter(({ roles }) => roles.has(person.id));
    for (const { id, database } of mine) {
      const wanted = leafLines(server.get(database) ?? [], refused);
      const closest = local.toSorted(
        (a, b) => difference(wanted, a.lines).length - difference(wanted, b.lines).length,
      )[0];
      const missing = difference(wanted, closest?.lines ?? new Set());
      const extra = missing.length < wanted.size || wanted.size === 0 ? [] : [...wanted];
      if (missing.length > 0 || extra.length > 0)
        found.push(`${name} lacks leaves of ${id} (${closest?.at}): ${missing.join('; ')}`);
    }
    const all = new Set(mine.flatMap(({ database }) => [...leafLines(server.get(database) ?? [], refused)]));
    const flows = local.flatMap(({ at, lines }) => [...lines].map((line) => ({ at, line })));
    const strange = flows.filter(({ line }) => /^(flow|version):/.test(line) && !all.has(line));
    for (const { at, line } of strange) found.push(`${name} holds what the server does not (${at}): ${line}`);
  }
  return found;
}

function describeWrite({ token, slot, flowId, userId, spaceId }: Write): string {
  return `w${token} (${slot} of ${flowId}, by ${userId} in ${spaceId})`;
}

/** (b) Every value that nobody replaced knowing it is in a leaf or a version. */
async function judgeValues(world: World, server: Databases): Promise<string[]> {
  const { model, devices } = world;
  const places = new Map<number, Set<string>>();
  const note = (docs: readonly StoredDocument[], mark: string): void => {
    for (const doc of docs.filter(({ _deleted }) => _deleted !== true)) {
      const flowId = /^(?:flow|version):([^:]+)/.exec(doc._id)?.[1];
      for (const { token } of tokensIn(JSON.stringify(doc)))
        places.set(token, (places.get(token) ?? new Set()).add(flowId ?? doc._id).add(mark));
    }
  };
  for (const [database, docs] of server) note(docs, database);
  for (const { settee, storage, person } of devices) {
    const refused = new Set((await settee.refused.list()).map(({ docId }) => docId));
    if (refused.size === 0) continue;
    for (const docs of (await storage.read()).values())
      note(
        docs.filter(({ _id }) => refused.has(_id)),
        `refused of ${person.id}`,
      );
  }
  return model.required().flatMap((write) => {
    const at = places.get(write.token) ?? new Set();
    const own = model.spaces.get(write.userId)?.database ?? '';
    const isKept = [...model.carriersOf(write.token), own].some((place) => at.has(place));
    return isKept ? [] : [`lost: ${describeWrite(write)}; found in ${[...at].join(', ') || 'nothing'}`];
  });
}

/** Everything that is wrong at rest, in words. */
export async function judge(world: World): Promise<string[]> {
  const server: Databases = new Map();
  for (const { database } of world.model.spaces.values())
    server.set(database, await engineLeaves(world.server, database));
  return [
    ...(await judgeDevices(world, server)),
    ...(await judgeValues(world, server)),
    ...world.record.judge(world.model),
    ...[...server].flatMap(([database, docs]) => settleable(world.model, database, docs)),
  ];
}
