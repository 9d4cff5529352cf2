import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buildDesignDocument, designKinds } from './build.ts';

/** `npm run generate` writes the design documents; with `--check` it only says whether they are current. */
const isCheck = process.argv.includes('--check');
const folder = new URL('./generated/', import.meta.url);
mkdirSync(folder, { recursive: true });

const stale: string[] = [];
for (const kind of designKinds) {
  const file = new URL(`${kind}.json`, folder);
  const text = `${JSON.stringify(buildDesignDocument(kind), null, 2)}\n`;
  const isCurrent = existsSync(file) && readFileSync(file, 'utf8') === text;
  if (!isCurrent && !isCheck) writeFileSync(file, text);
  if (!isCurrent) stale.push(`design-docs/generated/${kind}.json`);
}

if (isCheck && stale.length > 0) {
  process.stderr.write(`Not current, run npm run generate: ${stale.join(', ')}\n`);
  process.exitCode = 1;
} else if (!isCheck) {
  process.stdout.write(stale.length === 0 ? 'Everything was current\n' : `Wrote ${stale.join(', ')}\n`);
}
