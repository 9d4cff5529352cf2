import { errorBodySchema } from '../../../schema/index.ts';
import type { Route } from '../route.ts';
import { createJsonSchemas, propertiesOf, type JsonSchema, type JsonSchemas } from './json-schemas.ts';

/** An OpenAPI 3.1 description. */
export interface OpenApi {
  openapi: string;
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, JsonSchema>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: JsonSchema };
}

const description =
  'Flows, versions, executions and accounts for applications without PouchDB. Everything written here is an ordinary document write that replicating clients see at once. An access token or an API key goes into the header Authorization: Bearer.';

/** `/api/flows/:id` → `/api/flows/{id}`. */
function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function operationIdOf({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== '' && word !== 'api');
  return [method, ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}

function parametersOf(schemas: JsonSchemas, schema: Route['params'], where: 'path' | 'query'): JsonSchema[] {
  if (schema === undefined) return [];
  return propertiesOf(schemas.add(schema), schemas.components).map(([name, property, required]) => {
    const { description: text, default: standard, ...rest } = property;
    return {
      name,
      in: where,
      required: where === 'path' || (required && standard === undefined),
      ...(text === undefined ? {} : { description: text }),
      schema: standard === undefined ? rest : { ...rest, default: standard },
    };
  });
}

function bodyOf(schemas: JsonSchemas, schema: Route['body']): JsonSchema {
  if (schema === undefined) return {};
  const content = { 'application/json': { schema: schemas.add(schema) } };
  return { requestBody: { required: !schema.safeParse(undefined).success, content } };
}

function replyOf(
  schemas: JsonSchemas,
  { description: text, schema, contentType }: Route['replies'][number],
): JsonSchema {
  if (contentType !== undefined) {
    return { description: text, content: { [contentType]: { schema: { type: 'string' } } } };
  }
  if (schema === undefined) return { description: text };
  return { description: text, content: { 'application/json': { schema: schemas.add(schema) } } };
}

const failures: [string, string][] = [
  ['400', 'The path, the query or the body is not valid; `details` names the fields.'],
  ['401', 'There is no token, or it is not valid any more.'],
  ['403', 'The token or key lacks the scope.'],
];

function operationOf(schemas: JsonSchemas, route: Route): JsonSchema {
  const { tag, summary, access, params, query, body, replies } = route;
  const isPublic = access === 'public';
  const hasInput = (params ?? query ?? body) !== undefined;
  const possible = failures.filter(([status]) => (status === '400' ? hasInput : !isPublic));
  const failure = (text: string): JsonSchema =>
    replyOf(schemas, { description: text, schema: errorBodySchema });
  const answers = Object.entries(replies).map(([status, reply]) => [status, replyOf(schemas, reply)]);
  return {
    operationId: operationIdOf(route),
    tags: [tag],
    summary,
    ...(isPublic ? {} : { description: `Needs the scope \`${access}\`.` }),
    security: isPublic ? [] : [{ bearer: [] }],
    parameters: [...parametersOf(schemas, params, 'path'), ...parametersOf(schemas, query, 'query')],
    ...bodyOf(schemas, body),
    responses: {
      ...Object.fromEntries(possible.map(([status, text]) => [status, failure(text)])),
      ...(Object.fromEntries(answers) as Record<string, JsonSchema>),
      default: failure('Any other failure.'),
    },
  };
}

/** Describes routes as OpenAPI 3.1, from the zod schemas that parse their input. */
export function describeRoutes(routes: readonly Route[]): OpenApi {
  const schemas = createJsonSchemas();
  const paths: OpenApi['paths'] = {};
  for (const route of routes) {
    const path = templateOf(route.path);
    paths[path] = { ...paths[path], [route.method]: operationOf(schemas, route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Settee', version: '1.0.0', description },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token, or an API key (stk_…).' },
      },
    },
  };
}
