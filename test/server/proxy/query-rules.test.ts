import { describe, expect, it } from 'vitest';
import { checkQuery, queryRules } from '../../../server/proxy/query-rules.ts';

const refused = expect.objectContaining({ status: 400 });

describe('query parameters', () => {
  it('passes those of a PouchDB replication', () => {
    const changes: [string, string][] = [
      ['style', 'all_docs'],
      ['feed', 'longpoll'],
      ['heartbeat', '10000'],
      ['since', '12-g1AAAA'],
      ['limit', '100'],
    ];
    expect(checkQuery(queryRules.changes, changes)).toEqual(changes);
    const get: [string, string][] = [
      ['revs', 'true'],
      ['open_revs', '["1-a"]'],
    ];
    expect(checkQuery(queryRules.document, get)).toEqual(get);
  });

  it('keeps heartbeats and timeouts between sane bounds', () => {
    const checked = checkQuery(queryRules.changes, [
      ['heartbeat', '1'],
      ['timeout', '999999999'],
    ]);
    expect(checked).toEqual([
      ['heartbeat', '1000'],
      ['timeout', '60000'],
    ]);
  });

  it('refuses filters that run code, unknown feeds, unknown and doubled parameters', () => {
    const bad: [string, string][][] = [
      [['filter', 'app/mine']],
      [['filter', '_view']],
      [['filter', '_design']],
      [['view', 'settee/flow_summaries']],
      [['feed', 'eventsource']],
      [['heartbeat', '-1']],
      [['limit', 'x']],
      [['include_docs', '5']],
      [['__proto__', 'x']],
      [['constructor', 'x']],
      [
        ['feed', 'normal'],
        ['feed', 'continuous'],
      ],
    ];
    for (const query of bad) expect(() => checkQuery(queryRules.changes, query)).toThrow(refused);
    expect(() => checkQuery(queryRules.revision, [['new_edits', 'false']])).toThrow(refused);
    expect(() => checkQuery(queryRules.revision, [['rev', '{"a":1}']])).toThrow(refused);
  });
});
