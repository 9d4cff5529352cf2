import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { startSettee, type TestSettee } from '../support/settee.ts';
import { begin, ends, openCast, quiet, rewrite, write } from './schedule-cast.ts';
import { device, grant, revoke } from './schedule-members.ts';

vi.setConfig({ testTimeout: 90_000 });

describe('a grant after a revocation', () => {
  let server: TestSettee;
  beforeAll(async () => {
    server = await startSettee();
  });
  afterAll(() => server?.stop());

  it.each([1, 2, 3, 4])('starts clean: what was edited before is copied, and not sent (%i)', async () => {
    const cast = await openCast(server, 'editor');
    const { member, owner, spaceId } = cast;
    const flow = await begin(cast);
    device(member).network.cut();
    await rewrite(device(member), flow, 'changed offline');
    await write(device(member), 'made offline', spaceId);
    await revoke(cast);
    await grant(cast, 'editor');
    device(member).network.mend();
    const own = ['changed offline', 'made offline'];
    await ends(member, spaceId, { ...quiet, team: ['start'], own, notices: ['rescued'] });
    await ends(owner, spaceId, { ...quiet, team: ['start'] });
    await cast.close();
  });
});
