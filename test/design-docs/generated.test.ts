import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { expect, test } from 'vitest';
import { buildDesignDocument, hashDesignDocuments } from '../../design-docs/build.ts';
import { designDocumentFor, designKinds, designVersion } from '../../design-docs/index.ts';

test.each(designKinds)('the generated design document of %s is current: npm run generate', (kind) => {
  const file = new URL(`../../design-docs/generated/${kind}.json`, import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(buildDesignDocument(kind), null, 2)}\n`);
  expect(designDocumentFor(kind)).toEqual(buildDesignDocument(kind));
});

test('what the databases run has a version: raise it in design-version.ts and note the new hash', () => {
  expect(hashDesignDocuments()).toBe(designVersion.contentHash);
});

/** CouchDB's SpiderMonkey 78 stops before these; QuickJS and Node know them, so nothing else would tell. */
const tooNew = [
  /\?\./,
  /\?\?/,
  /\{\s*\.\.\./,
  /\(\?</,
  /`/,
  /\basync\b/,
  /\*\*/,
  /=>/,
  /\bstatic\b/,
  /\bcatch \{/,
];

test.each(designKinds)('the code of %s is plain old JavaScript that compiles', (kind) => {
  const { validate_doc_update: validator, views = {} } = designDocumentFor(kind);
  for (const source of [validator, ...Object.values(views).map(({ map }) => map)]) {
    expect(typeof vm.runInNewContext(`(${source})`)).toBe('function');
    for (const syntax of tooNew) expect(source).not.toMatch(syntax);
  }
});
