/**
 * Reads lines of JSON as they arrive, each with its length as text; `onPart` hears of every part, as a sign of life. Text after the last line feed is
 * of a line that was cut off, and dropped.
 */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
  onPart: () => void,
): AsyncGenerator<{ line: unknown; length: number }, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let open: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
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
    await reader.cancel().catch(() => {});
  }
}
