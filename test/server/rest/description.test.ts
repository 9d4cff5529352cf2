import { beforeAll, describe, expect, it } from 'vitest';
import { rest, type RestAnswer } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';

const settee = useSettee();
let openapi: RestAnswer['body'];

beforeAll(async () => {
  openapi = (await rest(settee.url, 'GET /api/openapi.json')).body;
});
/** Calls that the contracts name and that need no engine. */
const named = [
  'POST /api/auth/register',
  'POST /api/auth/login',
  'POST /api/auth/refresh',
  'POST /api/auth/logout',
  'GET /api/auth/me',
  'GET /api/spaces',
  'POST /api/spaces',
  'PATCH /api/spaces/:id',
  'DELETE /api/spaces/:id',
  'POST /api/spaces/:id/owner',
  'GET /api/spaces/:id/members',
  'PATCH /api/spaces/:id/members/:userId',
  'DELETE /api/spaces/:id/members/:userId',
  'GET /api/spaces/:id/invitations',
  'POST /api/spaces/:id/invitations',
  'DELETE /api/spaces/:id/invitations/:invitationId',
  'GET /api/invitations/:token',
  'POST /api/invitations/:token/accept',
  'POST /api/invitations/:token/decline',
  'GET /api/keys',
  ...['flows', 'workflows'].flatMap((name) => [
    `GET /api/${name}`,
    `POST /api/${name}`,
    `GET /api/${name}/:id`,
    `PUT /api/${name}/:id`,
    `DELETE /api/${name}/:id`,
    `POST /api/${name}/:id/restore`,
    `POST /api/${name}/:id/duplicate`,
    `GET /api/${name}/:id/stats`,
    `GET /api/${name}/:id/versions`,
    `POST /api/${name}/:id/versions`,
    `POST /api/${name}/:id/versions/:versionId/restore`,
  ]),
  'POST /api/executions',
  'PUT /api/executions/:id/complete',
  'GET /api/executions',
  'GET /api/executions/:id',
  'GET /api/executions/:id/logs',
  'POST /api/sync/flows',
  'GET /api/sync/flows',
  'GET /api/analytics/flows',
  'GET /api/analytics/executions',
  'GET /api/analytics/activity',
  'GET /api',
  'GET /api/openapi.json',
  'GET /api/docs',
];

interface Endpoint {
  method: string;
  path: string;
}

async function endpoints(): Promise<Endpoint[]> {
  return (await rest(settee.url, 'GET /api')).body.endpoints;
}

function everyValue(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return [
    [path, value],
    ...Object.entries(value).flatMap(([key, inner]) => everyValue(inner, `${path}/${key}`)),
  ];
}

describe('the list of endpoints', () => {
  it('names every call of the contracts', async () => {
    const listed = (await endpoints()).map(({ method, path }) => `${method} ${path}`);
    for (const call of named) expect(listed).toContain(call);
    expect(new Set(listed).size).toBe(listed.length);
  });
});

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security: object[];
  parameters: { in: string; name: string }[];
  requestBody?: object;
  responses: object;
}

function everyOperation(): { what: string; path: string; operation: Operation }[] {
  const paths: Record<string, Record<string, Operation>> = openapi.paths;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ what: `${method} ${path}`, path, operation })),
  );
}

describe('the OpenAPI description', () => {
  it('is OpenAPI 3.1 and has an operation for every endpoint', async () => {
    expect(openapi.openapi).toBe('3.1.0');
    expect(openapi.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const described = Object.entries(openapi.paths as Record<string, object>).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const listed = (await endpoints()).map(
      ({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`,
    );
    expect(described.toSorted()).toEqual(listed.toSorted());
  });

  it('describes parameters, bodies and answers of each operation', () => {
    for (const { what, path, operation } of everyOperation()) {
      const { summary, tags, responses, parameters, security, requestBody } = operation;
      expect(summary, what).toMatch(/\S/);
      expect(openapi.tags, what).toContainEqual({ name: tags[0] });
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      expect(
        inPath.map(({ name }) => `{${name}}`),
        what,
      ).toEqual(path.match(/\{\w+\}/g) ?? []);
      const statuses = Object.keys(responses);
      expect(statuses, what).toEqual(expect.arrayContaining([expect.stringMatching(/^2\d\d$/), 'default']));
      for (const name of security.flatMap((scheme) => Object.keys(scheme))) {
        expect(openapi.components.securitySchemes, what).toHaveProperty(name);
      }
      if (requestBody) expect(requestBody, what).toHaveProperty(['content', 'application/json', 'schema']);
    }
    const operationIds = everyOperation().map(({ operation }) => operation.operationId);
    expect(new Set(operationIds).size).toBe(operationIds.length);
  });

  it('has no reference that leads nowhere, and no schema that says nothing', () => {
    const values = everyValue(openapi);
    const references = values.filter(([path]) => path.endsWith('/$ref')).map(([, value]) => value as string);
    expect(references.length).toBeGreaterThan(50);
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
      expect(openapi.components.schemas).toHaveProperty([reference.slice('#/components/schemas/'.length)]);
    }
    const schemas = values.filter(([path]) =>
      /\/(?:schema|components\/schemas\/\w+|properties\/[^/]+)$/.test(path),
    );
    for (const [path, schema] of schemas) expect(Object.keys(schema as object), path).not.toEqual([]);
    expect(values.filter(([path]) => path.endsWith('/$defs'))).toEqual([]);
  });

  it('tells which fields a flow needs', () => {
    expect(openapi.components.schemas.CreateFlow.required.toSorted()).toEqual(['flow', 'name']);
    const list = openapi.paths['/api/flows'].get.parameters as {
      name: string;
      required: boolean;
      schema: object;
    }[];
    expect(list.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['search', 'tags', 'category', 'status', 'sort', 'order', 'limit', 'offset']),
    );
    expect(list.find(({ name }) => name === 'limit')).toMatchObject({
      required: false,
      schema: { default: 50, maximum: 500 },
    });
  });
});

describe('the page', () => {
  it('loads only what this server serves, and no script of its own text', async () => {
    const page = await rest(settee.url, 'GET /api/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    const loaded = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url as string);
    expect(loaded.filter((url) => !url.startsWith('/api/docs/') && !url.startsWith('data:'))).toEqual([]);
    expect(page.body).not.toMatch(/<script>|<style>| on\w+=/);
    for (const url of loaded.filter((other) => other.startsWith('/'))) {
      expect((await rest(settee.url, `GET ${url}`)).status, url).toBe(200);
    }
    expect((await rest(settee.url, 'GET /api/docs/package.json')).status).toBe(404);
  });
});
