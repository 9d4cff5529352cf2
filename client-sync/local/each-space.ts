import type { SpaceWorkspace, Workspace } from '../workspace.ts';

/**
 * Asks every open space at once; one that goes meanwhile, dropped here or by another tab, gives nothing and fails
 * nobody.
 */
export async function eachSpace<T>(
  workspace: Pick<Workspace, 'all' | 'personal'>,
  ask: (space: SpaceWorkspace) => Promise<T>,
): Promise<T[]> {
  const answers = await Promise.all(
    workspace.all().map(async (space) => {
      try {
        return [await ask(space)];
      } catch (error) {
        if (hasGone(workspace, space, error)) return [];
        throw error;
      }
    }),
  );
  return answers.flat();
}

function hasGone(
  { all, personal }: Pick<Workspace, 'all' | 'personal'>,
  space: SpaceWorkspace,
  error: unknown,
): boolean {
  if (!all().includes(space)) return true;
  const { name, message, reason } = (error ?? {}) as { name?: string; message?: string; reason?: string };
  // The first is what IndexedDB says once another tab has deleted the database.
  const isGone = /InvalidState|database is (closed|destroyed)/;
  return space !== personal && isGone.test(`${name} ${message} ${reason}`);
}
