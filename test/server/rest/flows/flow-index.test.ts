import { expect, it } from 'vitest';
import { createFlowIndex, type FlowIndex } from '../../../../server/rest/flows/flow-index.ts';
import { flowDoc } from '../../../support/fixtures/flow-fixtures.ts';

function indexOf(...flows: { name: string; readme?: string }[]): FlowIndex {
  const index = createFlowIndex();
  for (const texts of flows) index.put({ ...flowDoc(texts), _rev: '1-a' } as Parameters<FlowIndex['put']>[0]);
  return index;
}

function found(index: FlowIndex, text: string): string[] {
  return index.search(text).map(({ name }) => name);
}

it.each(['w', 'wel', 'WEL', 'welcome', 'welcome e', 'é welc', 'wel welcome wel', 'every-one?\twelcome'])(
  'finds what begins with each word of "%s"',
  (text) => {
    const index = indexOf({ name: 'Welcome, everyone! Every one.' }, { name: 'Bewel' });
    expect(found(index, text)).toEqual(['Welcome, everyone! Every one.']);
  },
);

it.each(['elcome', 'welcomes', 'welcome you', '', '?'])('finds nothing for "%s"', (text) => {
  expect(found(indexOf({ name: 'Welcome' }), text)).toEqual([]);
});

it('forgets the words that a flow has no more, and all of one that is gone', () => {
  const index = createFlowIndex();
  const doc = flowDoc({ name: 'Before' }) as Parameters<FlowIndex['put']>[0];
  const empty = index.size();
  index.put({ ...doc, _rev: '1-a' });
  index.put({ ...doc, _rev: '2-b', name: 'After' });
  expect([found(index, 'before'), found(index, 'after')]).toEqual([[], ['After']]);
  index.remove(doc._id.slice('flow:'.length));
  expect(found(index, 'after')).toEqual([]);
  expect(index.size()).toBe(empty);
});

it('looks for the ten longest of many words, however often they are said', () => {
  const long = Array.from({ length: 10 }, (_, n) => `machine${n}`);
  const index = indexOf({ name: long.join(' ') }, { name: long.slice(1).join(' ') });
  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('').join(' ');
  expect(found(index, `${letters} ${long.join(' ')} ${long.join(' ')} ${letters}`)).toEqual([long.join(' ')]);
});

it('holds and finds the words at the beginning of a very long text, each once', () => {
  const words = Array.from({ length: 100_000 }, (_, n) => `word${n}`).join(' ');
  const index = indexOf(
    { name: 'Long', readme: words },
    { name: 'Repeated', readme: 'again '.repeat(160_000) },
  );
  expect(found(index, 'word0 word9999')).toEqual(['Long']);
  expect(found(index, 'word99999')).toEqual([]);
  expect(index.size()).toBeLessThan(110_000);
});
