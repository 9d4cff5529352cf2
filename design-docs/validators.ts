import type { ZodType } from 'zod';
import {
  assetDocumentSchema,
  assetIdPattern,
  contentTypePattern,
  deviceDocumentSchema,
  executionDocumentSchema,
  flowDocumentSchema,
  foreignIdPattern,
  revisionPattern,
  semverPattern,
  settingsDocumentSchema,
  timePattern,
  uuidPattern,
  versionDocumentSchema,
} from '../schema/index.ts';
import { jsonSchemaOf, type JsonSchema } from './json-schema.ts';
import { createShapeChecks } from './shape/shape-checks.ts';
import { layOut } from './source-text.ts';
import {
  endedRunRule,
  immutabilityRule,
  liveRules,
  monthRule,
  roleRules,
  serverRules,
  softDeletionRule,
  tombstoneRules,
} from './validator-rules.ts';

interface DocumentRules {
  schema: ZodType;
  rules: string[];
}

const spaceDocuments: Record<string, DocumentRules> = {
  flow: { schema: flowDocumentSchema, rules: [softDeletionRule] },
  version: { schema: versionDocumentSchema, rules: [immutabilityRule] },
  device: { schema: deviceDocumentSchema, rules: [] },
  settings: { schema: settingsDocumentSchema, rules: [] },
  asset: { schema: assetDocumentSchema, rules: [] },
};

const runsDocuments: Record<string, DocumentRules> = {
  execution: { schema: executionDocumentSchema, rules: [softDeletionRule, endedRunRule, monthRule] },
  asset: { schema: assetDocumentSchema, rules: [] },
};

const wording = new Map([
  [uuidPattern.source, 'must be a UUID in lower case'],
  [
    foreignIdPattern.source,
    'must be an id of at most 128 letters, digits, dots, dashes, underscores and tildes',
  ],
  [timePattern.source, 'must be a UTC time such as 2025-01-31T12:00:00.000Z'],
  [semverPattern.source, 'must be a semantic version such as 1.0.0'],
  [revisionPattern.source, 'must be a revision, generation and hash'],
  [assetIdPattern.source, 'must be asset: and the SHA-256 of the bytes in lower-case hex'],
  [contentTypePattern.source, 'must be a content type such as image/png'],
  [/\S/.source, 'must not be blank'],
]);

const signature = 'function (newDoc, oldDoc, userCtx, secObj) {';

/** The form of an id is checked before anything else, deletions included. */
function idRules(documents: Record<string, JsonSchema>, idPattern: (source: string) => string): string[] {
  const cases = Object.entries(documents).map(([kind, { properties }]) => {
    const { pattern, const: only } = properties?._id ?? {};
    const matches =
      pattern === undefined ? `id === ${JSON.stringify(only)}` : `${idPattern(pattern)}.test(id)`;
    return `kind === ${JSON.stringify(kind)} ? ${matches} :`;
  });
  return [
    `var isKnown = ${cases.join(' ')} false;`,
    "if (!isKnown) fail('_id', 'is of no kind that may be here: ' + id);",
  ];
}

function validatorOf(documents: Record<string, DocumentRules>): string {
  const shapes = createShapeChecks(wording);
  const schemas = Object.fromEntries(
    Object.entries(documents).map(([kind, { schema }]) => [kind, jsonSchemaOf(schema)]),
  );
  const checks = Object.entries(documents).map(([kind, { rules }]) => [
    `if (kind === ${JSON.stringify(kind)}) {`,
    ...shapes.documentChecks(schemas[kind] ?? {}, 'newDoc'),
    ...rules,
    '}',
  ]);
  const ids = idRules(schemas, (source) => String(new RegExp(source)));
  return layOut([
    signature,
    roleRules,
    serverRules,
    ...ids,
    tombstoneRules,
    liveRules,
    ...shapes.declarations(),
    ...checks.flat(),
    '}',
  ]);
}

/** Flows, versions, devices and settings. */
export const spaceValidator = (): string => validatorOf(spaceDocuments);

/** The executions of a month. */
export const runsValidator = (): string => validatorOf(runsDocuments);

/** The server's own databases. */
export const serverValidator = (): string =>
  layOut([
    signature,
    "if ((userCtx.roles || []).indexOf('_admin') === -1) {",
    "throw { forbidden: 'Only the server writes here' };",
    '}',
    '}',
  ]);
