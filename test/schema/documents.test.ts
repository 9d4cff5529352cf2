import { expect, test } from 'vitest';
import {
  assetDocumentSchema,
  deviceDocumentSchema,
  executionDocumentSchema,
  flowDocumentSchema,
  settingsDocumentSchema,
  versionDocumentSchema,
} from '../../schema/index.ts';
import { documentFixtures } from '../support/document-fixtures.ts';
import { realFlows } from '../support/flows.ts';

const schemas = {
  flow: flowDocumentSchema,
  version: versionDocumentSchema,
  execution: executionDocumentSchema,
  device: deviceDocumentSchema,
  settings: settingsDocumentSchema,
  asset: assetDocumentSchema,
};

test('there are fixtures enough, good and bad, of every type', () => {
  expect(documentFixtures.length).toBeGreaterThan(120);
  for (const type of Object.keys(schemas)) {
    const ofType = documentFixtures.filter((fixture) => fixture.type === type);
    expect(ofType.some(({ valid }) => valid)).toBe(true);
    expect(ofType.some(({ valid }) => !valid)).toBe(true);
  }
});

test.each(documentFixtures)('$type: $name', ({ type, doc, valid, path }) => {
  const result = schemas[type].safeParse(doc);
  expect(result.success).toBe(valid);
  const issues = result.error?.issues ?? [];
  const places = issues.map((issue) =>
    [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys : [])]
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
      .join('')
      .slice(1),
  );
  if (path !== undefined) expect(places).toContain(path);
});

test('parsing keeps every unknown field and changes nothing', () => {
  for (const { type, doc, valid } of documentFixtures)
    if (valid) expect(schemas[type].parse(doc)).toEqual(doc);
  for (const { name, flow } of realFlows()) {
    const doc = { ...documentFixtures.find(({ type }) => type === 'flow')?.doc, name, flow };
    expect(flowDocumentSchema.parse(doc)).toEqual(doc);
  }
});
