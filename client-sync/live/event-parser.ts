/** One event of a server-sent stream (HTML Living Standard, 9.2.6). */
export interface ServerSentEvent {
  /** `message` where the stream names none. */
  event: string;
  data: string;
  /** The last id that the stream gave, with this event or before it; empty where it gave none. */
  id: string;
}

export interface EventParser {
  push: (bytes: Uint8Array) => void;
  /** The id to go on after; also of what had no data, as heartbeats have none. */
  lastId: () => string;
}

/** Takes the bytes of a stream in whatever pieces they come and calls back with each whole event. */
export function createEventParser(onEvent: (event: ServerSentEvent) => void): EventParser {
  // Leaves out the byte order mark, and waits for the rest of a character that was cut in two.
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let endedInReturn = false;
  let event = '';
  let data: string[] = [];
  let id = '';
  let lastId = '';

  const dispatch = () => {
    lastId = id;
    if (data.length > 0) onEvent({ event: event === '' ? 'message' : event, data: data.join('\n'), id });
    event = '';
    data = [];
  };
  const takeField = (name: string, value: string) => {
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id' && !value.includes('\0')) id = value;
  };
  const takeLine = (line: string) => {
    if (line === '') return dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    if (colon === -1) return takeField(line, '');
    const value = line.slice(colon + 1);
    takeField(line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value);
  };
  return {
    lastId: () => lastId,
    push(bytes) {
      let text = decoder.decode(bytes, { stream: true });
      if (text === '') return;
      // The second half of a CRLF whose first half ended the last piece.
      if (endedInReturn && text.startsWith('\n')) text = text.slice(1);
      endedInReturn = text.endsWith('\r');
      const lines = (rest + text).split(/\r\n|\r|\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) takeLine(line);
    },
  };
}
