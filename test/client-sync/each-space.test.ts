import { expect, it } from 'vitest';
import { eachSpace } from '../../client-sync/local/each-space.ts';
import type { SpaceWorkspace } from '../../client-sync/workspace.ts';

const [personal, team] = [{}, {}] as [SpaceWorkspace, SpaceWorkspace];
const workspace = { personal, all: () => [personal, team] };

it.each([
  ['in memory', new Error('database is destroyed')],
  ['over IndexedDB', new DOMException('The database connection is closing.', 'InvalidStateError')],
])(
  'a space that another tab dropped %s gives nothing; the personal one fails the list',
  async (_where, fault) => {
    const failing = (gone: SpaceWorkspace) => async (space: SpaceWorkspace) => {
      if (space === gone) throw fault;
      return 'there';
    };
    expect(await eachSpace(workspace, failing(team))).toEqual(['there']);
    await expect(eachSpace(workspace, failing(personal))).rejects.toBe(fault);
  },
);
