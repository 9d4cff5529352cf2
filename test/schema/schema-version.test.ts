import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  assetDocumentSchema,
  deviceDocumentSchema,
  executionDocumentSchema,
  flowDocumentSchema,
  schemaVersion,
  settingsDocumentSchema,
  versionDocumentSchema,
} from '../../schema/index.ts';

/**
 * What documents of each schema version look like. When this fails, ask whether an older reader would misread a
 * document written today: if so raise `schemaVersion` and add a line, else (an optional field more) change the hash.
 */
const hashes: Record<number, string> = { 1: '93c00166d7bb4bf1' };

test('the documents are those of the schema version', () => {
  const schemas = [
    flowDocumentSchema,
    versionDocumentSchema,
    executionDocumentSchema,
    deviceDocumentSchema,
    settingsDocumentSchema,
    assetDocumentSchema,
  ].map((schema) => z.toJSONSchema(schema));
  const hash = createHash('sha256').update(JSON.stringify(schemas)).digest('hex').slice(0, 16);
  expect(hash).toBe(hashes[schemaVersion]);
});
