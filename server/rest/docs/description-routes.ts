import { z } from 'zod';
import { defineRoute, type Route } from '../route.ts';
import { describeRoutes, type OpenApi } from './openapi.ts';

const endpointListSchema = z
  .object({
    name: z.string(),
    documentation: z.string(),
    openapi: z.string(),
    endpoints: z.array(
      z.object({ method: z.string(), path: z.string(), summary: z.string(), access: z.string() }),
    ),
  })
  .meta({ id: 'EndpointList' });

const openApiSchema = z
  .looseObject({ openapi: z.string(), paths: z.record(z.string(), z.looseObject({})) })
  .meta({ id: 'OpenApi' });

/** `GET /api` and `GET /api/openapi.json`, which tell of all routes, themselves included; `routes` is asked at the first request. */
export function createDescriptionRoutes(routes: () => readonly Route[]): Route[] {
  let description: OpenApi | undefined;
  return [
    defineRoute({
      method: 'get',
      path: '/api',
      tag: 'Description',
      summary: 'List the endpoints',
      access: 'public',
      replies: { 200: { description: 'Every call there is.', schema: endpointListSchema } },
      async handle() {
        const endpoints = routes().map(({ method, path, summary, access }) => ({
          method: method.toUpperCase(),
          path,
          summary,
          access,
        }));
        const links = { documentation: '/api/docs', openapi: '/api/openapi.json' };
        return { status: 200, body: { name: 'Settee', ...links, endpoints } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/openapi.json',
      tag: 'Description',
      summary: 'The calls as OpenAPI 3.1',
      access: 'public',
      replies: { 200: { description: 'The description.', schema: openApiSchema } },
      async handle() {
        description ??= describeRoutes(routes());
        return { status: 200, body: description };
      },
    }),
  ];
}
