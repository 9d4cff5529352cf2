import { array, assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventParser, type ServerSentEvent } from '../../client-sync/live/event-parser.ts';
import { readLiveEvent } from '../../client-sync/live/live-event.ts';

function parse(...pieces: (string | Uint8Array)[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const parser = createEventParser((event) => events.push(event));
  for (const piece of pieces) {
    parser.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
  }
  return events;
}

describe('a stream of events', () => {
  it.each([
    ['line feeds', 'event: hint\nid: 1\ndata: a\ndata: b\n\n'],
    ['carriage returns', 'event: hint\rid: 1\rdata: a\rdata: b\r\r'],
    ['both', 'event: hint\r\nid: 1\r\ndata: a\r\ndata: b\r\n\r\n'],
    ['a byte order mark', '\uFEFFevent: hint\nid: 1\ndata: a\ndata: b\n\n'],
    ['comments', ': here\nevent: hint\n:\nid: 1\ndata: a\n: x: y\ndata: b\n\n'],
    ['no space', 'event:hint\nid:1\ndata:a\ndata:b\n\n'],
    ['fields that nobody knows', 'event: hint\nretry: 5\nwhat\nid: 1\ndata: a\ndata: b\n\n'],
  ])('is read with %s', (_kind, text) => {
    expect(parse(text)).toEqual([{ event: 'hint', id: '1', data: 'a\nb' }]);
  });

  it('is read the same in whatever pieces it comes', () => {
    const text = '\uFEFFid: b-1\r\nevent: hint\r\ndata: {"name":"Zoë 🛋"}\r\n\r\n: \r\ndata: 2\r\r\ndata\n\n';
    const whole = parse(text);
    expect(whole).toEqual([
      { event: 'hint', id: 'b-1', data: '{"name":"Zoë 🛋"}' },
      { event: 'message', id: 'b-1', data: '2' },
      { event: 'message', id: 'b-1', data: '' },
    ]);
    const bytes = new TextEncoder().encode(text);
    assert(
      property(array(integer({ min: 0, max: bytes.length })), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(parse(...pieces)).toEqual(whole);
      }),
    );
  });

  it('gives no event that has no data or is not finished, and keeps the last id', () => {
    expect(parse('event: hint\n\ndata: 1\nid: 7\n\ndata: 2\n\ndata: 3\n')).toEqual([
      { event: 'message', id: '7', data: '1' },
      { event: 'message', id: '7', data: '2' },
    ]);
    expect(parse('id: a\0b\ndata: 1\n\n')).toEqual([{ event: 'message', id: '', data: '1' }]);
  });
});

describe('an event', () => {
  const read = (event: string, data: unknown) => readLiveEvent({ event, data: JSON.stringify(data), id: '' });

  it('is read as far as it makes sense, and what newer servers send is passed over', () => {
    expect(read('hint', { space: 's', database: 'd' })).toEqual({ type: 'hint', space: 's', database: 'd' });
    expect(read('hint', { database: 'd' })).toBeNull();
    expect(read('role', { space: 's', role: 'emperor' })).toEqual({
      type: 'role',
      space: 's',
      role: 'viewer',
    });
    expect(read('revoked', { space: 's' })).toMatchObject({ code: 'membership_ended' });
    expect(read('shutdown', {})).toEqual({ type: 'shutdown', retryMilliseconds: 0 });
    expect(read('invitation', { space: 's' })).toBeNull();
    expect(readLiveEvent({ event: 'hint', data: '{"space', id: '' })).toBeNull();
    const spaces = [{ id: 's', role: 'owner', database: 'd' }, { role: 'owner' }];
    expect(read('hello', { bootId: 'b', spaces })).toEqual({
      type: 'hello',
      bootId: 'b',
      spaces: [{ id: 's', role: 'owner', database: 'd' }],
    });
  });
});
