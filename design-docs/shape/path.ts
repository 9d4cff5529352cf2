/** A place in a document: text, and JavaScript expressions for what is only known when the code runs. */
export type Path = readonly (string | { code: string })[];

/** The path as a JavaScript expression; it is evaluated only where something is wrong. */
export function pathCode(path: Path): string {
  const parts: string[] = [];
  let text = '';
  for (const part of path) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    if (text !== '') parts.push(JSON.stringify(text));
    parts.push(part.code);
    text = '';
  }
  if (text !== '') parts.push(JSON.stringify(text));
  return parts.join(' + ');
}

export function memberPath(path: Path, key: string | { code: string }): Path {
  return path.length === 0 ? [key] : [...path, '.', key];
}

/** The JavaScript that reads a field. */
export function memberCode(value: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${value}.${key}` : `${value}[${JSON.stringify(key)}]`;
}

/** A statement that refuses the document where the condition holds. */
export function failIf(condition: string, path: Path, what: string): string {
  return `if (${condition}) fail(${pathCode(path)}, ${JSON.stringify(what)});`;
}
