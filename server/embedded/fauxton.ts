import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { send, type Call } from './call.ts';

/** Serves Fauxton, CouchDB's administration pages, from the package pouchdb-fauxton. */
export interface Fauxton {
  /** Answers when the path is one of Fauxton's files, and tells whether it did. */
  serve(call: Call): Promise<boolean>;
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.svg': 'image/svg+xml',
  '.woff': 'font/woff',
  '.ttf': 'font/ttf',
  '.eot': 'application/vnd.ms-fontobject',
};

/** Its page loads its assets from the root; these and no others are served there. */
const assets = /^(?:bundle\.js|styles\.css|dashboard\.assets\/(?:css|fonts|img|js)\/[\w.-]+)$/;

function fileOf(parts: string[]): string | null {
  const path = parts.join('/');
  if (path === '_utils' || path === '_utils/index.html') return 'index.html';
  const relative = path.replace(/^_utils\//, '');
  return assets.test(relative) ? relative : null;
}

export function createFauxton(): Fauxton {
  const folder = dirname(createRequire(import.meta.url).resolve('pouchdb-fauxton'));
  return {
    async serve(call) {
      if (call.method !== 'GET' && call.method !== 'HEAD') return false;
      const file = fileOf(call.parts);
      if (file === null) return false;
      const content = await readFile(join(folder, file)).catch(() => null);
      if (!content) return false;
      const type = types[extname(file)] ?? 'application/octet-stream';
      send(call, 200, new Uint8Array(content), { 'content-type': type, 'x-frame-options': 'DENY' });
      return true;
    },
  };
}
