import type { Notice } from '../space-types.ts';
import type { SpaceInfo, SpaceWorkspace } from '../workspace.ts';
import type { NoticeStore } from './notices.ts';
import { rescueFlows } from './rescue-flows.ts';
import { rescueRuns } from './rescue-runs.ts';

interface RescueOptions {
  from: SpaceWorkspace;
  to: SpaceWorkspace;
  reason: Notice['kind'];
  notices: NoticeStore;
  at: string;
}

/** Where the local databases of a space stand. */
async function sequencesOf({ space }: SpaceWorkspace): Promise<string> {
  const infos = await Promise.all(space.databases().map((db) => db.info()));
  return infos.map(({ update_seq }) => update_seq).join();
}

/**
 * Keeps what was not pushed of a space in the personal one, and leaves a notice. May be repeated, and is until it has
 * run to its end; a write of another tab on the way makes it begin again.
 */
export async function rescueSpace({ from, to, reason, notices, at }: RescueOptions): Promise<void> {
  const flowIds = new Set<string>();
  for (let before = ''; ;) {
    const now = await sequencesOf(from);
    if (now === before) break;
    before = now;
    const copies = await rescueFlows(from, to);
    await rescueRuns(from, to, copies);
    for (const { id, isDeleted } of [...copies.values()].flat()) if (!isDeleted) flowIds.add(id);
  }
  const { info } = from;
  const id = noticeId(info);
  const before = (await notices.list()).find((notice) => notice.id === id);
  for (const flowId of before?.flowIds ?? []) flowIds.add(flowId);
  // Who makes a flow private again knows what became of the space that it was shared in.
  if (flowIds.size === 0 && info.kind === 'shared' && info.role === 'owner') return;
  await notices.add({ id, kind: reason, spaceName: info.name, at: before?.at ?? at, flowIds: [...flowIds] });
}

function noticeId({ id, grant }: SpaceInfo): string {
  return `${id}:${grant ?? ''}`;
}
