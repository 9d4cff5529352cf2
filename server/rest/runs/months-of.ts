import type { RunsMonth, UserSpace } from '../store/user-space.ts';

/**
 * The runs of several spaces as one. Runs stay in the space where they were made: of a flow that moved, everybody sees
 * those of the spaces that he may see, and nobody sees what ran in a personal space of somebody else.
 */
export function monthsOf(spaces: readonly Pick<UserSpace, 'months'>[]): Pick<UserSpace, 'months'> {
  return {
    async months(): Promise<RunsMonth[]> {
      const months = (await Promise.all(spaces.map((space) => space.months()))).flat();
      return months.toSorted((a, b) => (a.month === b.month ? 0 : a.month < b.month ? 1 : -1));
    },
  };
}
