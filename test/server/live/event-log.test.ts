import { describe, expect, it } from 'vitest';
import { createEventLog } from '../../../server/live/event-log.ts';

const everywhere = (): boolean => true;
const hint = (name: string) => ({ spaceId: name, database: `space-${name}` });

describe('the log of events', () => {
  it('gives what came after an event, each database once, of the asker’s spaces alone', () => {
    const log = createEventLog({ remembered: 10 });
    const first = log.hint(hint('a'));
    log.hint(hint('b'));
    log.hint(hint('a'));
    log.hint(hint('b'));
    expect(log.missed(first, 'me', everywhere)).toEqual([hint('a'), hint('b')]);
    expect(log.missed(first, 'me', (spaceId) => spaceId === 'b')).toEqual([hint('b')]);
    expect(log.missed(log.lastId(), 'me', everywhere)).toEqual([]);
  });

  it('knows no ids of others, none that are to come, and none that are malformed', () => {
    const log = createEventLog({ remembered: 10 });
    const { bootId } = createEventLog({ remembered: 10 });
    log.hint(hint('a'));
    const ids = [undefined, '', `${bootId}-1`, `${log.bootId}-2`, `${log.bootId}-`, `${log.bootId}-1-1`, '1'];
    expect(ids.map((id) => log.missed(id, 'me', everywhere))).toEqual(ids.map(() => null));
    expect(log.missed(`${log.bootId}-0`, 'me', everywhere)).toEqual([hint('a')]);
  });

  it('admits what it has forgotten', () => {
    const log = createEventLog({ remembered: 3 });
    const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => log.hint(hint(name)));
    expect(log.missed(ids[0], 'me', everywhere)).toBeNull();
    expect(log.missed(ids[1], 'me', everywhere)).toEqual([hint('c'), hint('d'), hint('e')]);
  });

  it('has nothing for a user whose memberships changed since', () => {
    const log = createEventLog({ remembered: 10 });
    const before = log.hint(hint('a'));
    const touched = log.touch('me');
    expect(log.missed(before, 'me', everywhere)).toBeNull();
    expect(log.missed(touched, 'me', everywhere)).toEqual([]);
    expect(log.missed(before, 'you', everywhere)).toEqual([]);
  });

  it('forgets users as honestly as databases', () => {
    const log = createEventLog({ remembered: 2 });
    const before = log.lastId();
    for (const user of ['a', 'b', 'c']) log.touch(user);
    expect(log.missed(before, 'a', everywhere)).toBeNull();
    expect(log.missed(log.lastId(), 'a', everywhere)).toEqual([]);
  });
});
