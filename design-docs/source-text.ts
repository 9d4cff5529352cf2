/** Lays code out, two spaces for every open brace, so that people can read what the database runs. */
export function layOut(lines: readonly string[]): string {
  let depth = 0;
  const laidOut = lines
    .flatMap((line) => line.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      if (line.startsWith('}')) depth -= 1;
      const indented = '  '.repeat(Math.max(0, depth)) + line;
      if (line.endsWith('{')) depth += 1;
      return indented;
    });
  return `${laidOut.join('\n')}\n`;
}
