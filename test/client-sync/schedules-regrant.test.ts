import { describe, it } from 'vitest';
import { begin, ends, rewrite, write } from './schedule-cast.ts';
import { device, grant, revoke } from './schedule-members.ts';
import { end, useCast } from './use-cast.ts';

describe('a grant after a revocation', () => {
  const { start } = useCast();

  it.each([1, 2, 3, 4])('starts clean: what was edited before is copied, and not sent (%i)', async () => {
    const cast = await start();
    const { member, owner, spaceId } = cast;
    const flow = await begin(cast);
    device(member).network.cut();
    await rewrite(device(member), flow, 'changed offline');
    await write(device(member), 'made offline', spaceId);
    await revoke(cast);
    await grant(cast, 'editor');
    device(member).network.mend();
    const own = ['changed offline', 'made offline'];
    await ends(member, spaceId, end({ team: ['start'], own, notices: ['rescued'] }));
    await ends(owner, spaceId, end({ team: ['start'] }));
  });
});
