import type { ConflictsApi } from './conflict-types.ts';
import type { Unsubscribe } from './signal.ts';
import type { StatusStore } from './status/status-store.ts';
import type { RefusedApi } from './sync-types.ts';

interface AttentionSources {
  conflicts: Pick<ConflictsApi, 'watch'>;
  refused: Pick<RefusedApi, 'subscribe'>;
}

/** Keeps the status told of how many conflicts and refused documents each space has. */
export function reportAttention(
  { dispatch }: Pick<StatusStore, 'dispatch'>,
  { conflicts, refused }: AttentionSources,
): Unsubscribe {
  const endings = [
    conflicts.watch((list) => dispatch({ type: 'conflicts', counts: countBySpace(list) })),
    refused.subscribe((list) => dispatch({ type: 'refused', counts: countBySpace(list) })),
  ];
  return () => {
    for (const end of endings) end();
  };
}

function countBySpace(list: { spaceId: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { spaceId } of list) counts[spaceId] = (counts[spaceId] ?? 0) + 1;
  return counts;
}
