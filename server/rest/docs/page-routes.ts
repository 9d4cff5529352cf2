import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { defineRoute, type Reply, type Route } from '../route.ts';

/** No inline scripts and no other hosts: the security headers allow neither. */
const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Settee: API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css" />
    <link rel="icon" href="data:," />
  </head>
  <body>
    <div id="page"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;

const start = `window.SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#page',
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
});
`;

const oneDay = { 'Cache-Control': 'public, max-age=86400' };

function publicRoute(path: string, summary: string, answer: () => Promise<Reply> | Reply): Route {
  return defineRoute({
    method: 'get',
    path,
    tag: 'Description',
    summary,
    access: 'public',
    replies: { 200: { description: summary } },
    async handle() {
      return answer();
    },
  });
}

/** The page that shows the description to people. */
export function createPageRoute(): Route {
  const headers = { 'Content-Type': 'text/html; charset=utf-8' };
  return publicRoute('/api/docs', 'The calls as a page to read and try', () => ({
    status: 200,
    body: page,
    headers,
  }));
}

/** What the page loads; not among the calls that the description names. */
export function createPageFileRoutes(): Route[] {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const asset = (name: string, type: string): Route => {
    let content: Promise<Buffer> | undefined;
    return publicRoute(`/api/docs/${name}`, name, async () => {
      content ??= readFile(join(folder, name));
      return { status: 200, body: await content, headers: { 'Content-Type': type, ...oneDay } };
    });
  };
  const script = 'text/javascript; charset=utf-8';
  return [
    asset('swagger-ui.css', 'text/css; charset=utf-8'),
    asset('swagger-ui-bundle.js', script),
    publicRoute('/api/docs/start.js', 'start.js', () => ({
      status: 200,
      body: start,
      headers: { 'Content-Type': script },
    })),
  ];
}
