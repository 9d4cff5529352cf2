/**
 * Reads lines of JSON as they arrive, each with its length as text; `onPart` hears of every part, as a sign of life.
 * Text after the last line feed is of a line that was cut off, and dropped. `signal` ends the reading at once: a body
 * that is being unpacked does not always hear of it.
 */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
  onPart: () => void,
  signal: AbortSignal,
): AsyncGenerator<{ line: unknown; length: number }, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let open: string[] = [];
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  aborted.catch(() => {});
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await Promise.race([reader.read(), aborted]);
      onPart();
      if (done) return;
      const [first = '', ...others] = decoder.decode(value, { stream: true }).split('\n');
      open.push(first);
      for (const text of others) {
        const whole = open.join('');
        yield { line: JSON.parse(whole), length: whole.length };
        open = [text];
      }
    }
  } finally {
    // Whoever stops reading wants no more of it.
    reader.cancel().catch(() => {});
  }
}
