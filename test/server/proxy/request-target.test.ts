import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplicationError } from '../../../server/proxy/replication-error.ts';
import { engineTarget, parseRequestTarget } from '../../../server/proxy/request-target.ts';

function statusOf(url: string): number {
  try {
    parseRequestTarget(url);
    return 200;
  } catch (error) {
    if (error instanceof ReplicationError) return error.status;
    throw error;
  }
}

describe('the address of a request', () => {
  it('is taken apart and put together again as PouchDB writes it', () => {
    const addresses = [
      ['/userdb-61', '/:db', '/userdb-61'],
      ['/userdb-61/', '/:db', '/userdb-61'],
      ['/userdb-61-runs-2026-01/', '/:db', '/userdb-61-runs-2026-01'],
      ['/userdb-61/_changes', '/:db/_changes', '/userdb-61/_changes'],
      ['/userdb-61/flow%3Aab', '/:db/:doc', '/userdb-61/flow%3Aab'],
      ['/userdb-61/flow:ab', '/:db/:doc', '/userdb-61/flow%3Aab'],
      ['/userdb-61/execution%3A%C3%A4', '/:db/:doc', '/userdb-61/execution%3A%C3%A4'],
      ['/userdb-61/a/b/c%20d.png', '/:db/:doc/:attachment', '/userdb-61/a/b/c%20d.png'],
      ['/userdb-61/_local/0123456789abcdefgh.._%3D%3D', undefined, undefined],
      [
        '/userdb-61/_local/0123456789ABCdefgh.._z%3D%3D',
        '/:db/_local/:checkpoint',
        '/userdb-61/_local/0123456789ABCdefgh.._z%3D%3D',
      ],
    ] as const;
    for (const [url, pattern, engine] of addresses) {
      if (pattern === undefined) {
        expect(statusOf(url)).toBe(404);
        continue;
      }
      const target = parseRequestTarget(url);
      expect([target.pattern, engineTarget(target, [])]).toEqual([pattern, engine]);
    }
  });

  it('is refused where it has a second spelling or leads elsewhere', () => {
    const refused = [
      '//',
      '//userdb-61',
      '/userdb-61//',
      '/userdb-61//a',
      '/userdb-61/a/',
      '/userdb-61/_changes/',
      '/./userdb-61',
      '/../userdb-61',
      '/userdb-61/..',
      '/userdb-61/../userdb-62',
      '/userdb-61/%2e%2e/userdb-62',
      '/userdb-61/a/..',
      '/userdb-61/a/%2E%2E',
      '/userdb-61%2F_changes',
      '/userdb-61%2fa',
      '/userdb%2D61',
      '/%75serdb-61',
      '/Userdb-61',
      '/USERDB-61/a',
      '/userdb-61/%5Fchanges',
      '/userdb-61/%5fall_docs',
      '/userdb-61/%5Fdesign/settee',
      '/userdb-61/%5Fdesign%2Fsettee',
      '/userdb-61/_design%2Fsettee',
      '/userdb-61/_design/settee',
      '/userdb-61/_design',
      '/userdb-61/_local%2F0123456789ABCdefghij_z%3D%3D',
      '/userdb-61/_local/_security',
      '/userdb-61/_local/%5Fsecurity',
      '/userdb-61/_local/mine',
      '/userdb-61/_local/',
      '/userdb-61/_local_docs',
      '/userdb-61/_security',
      '/userdb-61/a/_b',
      '/userdb-61/a%252Fb',
      '/userdb-61/a%2541',
      '/userdb-61/a%00',
      '/userdb-61/a%0D%0Ab',
      '/userdb-61/a%5Cb',
      '/userdb-61/%41',
      '/_all_dbs',
      '/_users/_all_docs',
      '/_utils/',
    ];
    for (const url of refused) expect([url, statusOf(url)]).toEqual([url, 404]);
    for (const url of [
      '/userdb-61/%ff',
      '/userdb-61/%E0%A4%A',
      '/userdb-61/%',
      `/userdb-61/${'x'.repeat(9000)}`,
      '',
    ]) {
      expect([url, statusOf(url)]).toEqual([url, 400]);
    }
  });

  it('reaches the engine as the same parts, or not at all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1, maxLength: 3 }),
        (parts) => {
          let url: string;
          try {
            url = `/userdb-61/${parts.map(encodeURIComponent).join('/')}`;
          } catch {
            return; // A lone surrogate has no encoding.
          }
          if (statusOf(url) !== 200) return;
          const engine = engineTarget(parseRequestTarget(url), []);
          expect(engine.split('/').slice(2).map(decodeURIComponent)).toEqual(parts);
        },
      ),
    );
  });

  it('never fails but with an answer', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.constantFrom('/', '%', '%2F', '%5F', '..', '_', 'userdb-61', '?', '=', '&')),
        (a, b) => {
          for (const url of [a, `/${b.join('')}`, `/userdb-61/${b.join('')}${a}`]) {
            expect([200, 400, 404]).toContain(statusOf(url));
          }
        },
      ),
    );
  });
});
