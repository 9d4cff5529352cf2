import { describe, expect, it } from 'vitest';
import { createFeedEnd, emptyLongpoll } from '../../../server/proxy/feed-end.ts';

function endAfter(
  feed: 'longpoll' | 'continuous',
  since: string | undefined,
  chunks: string[],
): string | null {
  const end = createFeedEnd(feed, since);
  for (const chunk of chunks) end?.see(Buffer.from(chunk));
  const last = end?.ending() ?? null;
  return last === null ? null : chunks.join('') + Buffer.from(last).toString('utf8');
}

describe('the early end of a feed', () => {
  it('completes a long poll in which nothing happened, at the sequence it was asked from', () => {
    for (const chunks of [[], ['{"results":[\n'], ['{"res', 'ults":', '[', '\n', '\n\n', '\n']]) {
      const text = endAfter('longpoll', '12-g1AAA"', chunks);
      expect(JSON.parse(text ?? '')).toEqual({ results: [], last_seq: '12-g1AAA"', pending: 0 });
    }
    expect(JSON.parse(endAfter('longpoll', '7', ['{"results":[']) ?? '')).toMatchObject({ last_seq: 7 });
    expect(JSON.parse(endAfter('longpoll', '"7-x"', []) ?? '')).toMatchObject({ last_seq: '7-x' });
    expect(JSON.parse(endAfter('longpoll', undefined, []) ?? '')).toMatchObject({ last_seq: 0 });
    for (const odd of ['007', '"\\q"', '"a\nb"', '\ud800', '{"a":1}']) {
      expect(JSON.parse(emptyLongpoll(odd))).toMatchObject({ last_seq: odd });
    }
    expect(JSON.parse(emptyLongpoll('"'))).toMatchObject({ last_seq: '"' });
  });

  it('waits for a long poll in the middle of a row', () => {
    expect(endAfter('longpoll', '7', ['{"results":[\n', '{"seq":8,'])).toBeNull();
    expect(endAfter('longpoll', '7', ['{"resul'])).toBeNull();
  });

  it('has none for a long poll from now on, whose client would miss changes', () => {
    expect(createFeedEnd('longpoll', 'now')).toBeNull();
  });

  it('ends a continuous feed between rows', () => {
    expect(endAfter('continuous', 'now', [])).toBe('');
    expect(endAfter('continuous', '0', ['{"seq":1}\n', '\n'])).toBe('{"seq":1}\n\n');
    expect(endAfter('continuous', '0', ['{"seq":1}\n', '{"seq"'])).toBeNull();
  });
});
