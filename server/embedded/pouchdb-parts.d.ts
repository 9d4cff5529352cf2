/** The parts of PouchDB and express-pouchdb that ship without types, as far as the engine uses them. */
declare module 'pouchdb-abstract-mapreduce' {
  export default function createAbstractMapReduce(
    localDocName: string,
    mapper: (map: string, emit: (key: unknown, value: unknown) => void) => (doc: object) => void,
    reducer: (reduce: string) => (keys: unknown[] | null, values: unknown[], rereduce: boolean) => unknown,
    ddocValidator: (
      designDocument: { _id: string; views: Record<string, { map: unknown }> },
      viewName: string,
    ) => void,
  ): {
    query(this: unknown, view: string, options: object): Promise<unknown>;
    viewCleanup(this: unknown): Promise<unknown>;
  };
}
declare module 'pouchdb-mapreduce-utils' {
  export class BuiltInError extends Error {
    constructor(message: string);
  }
  export class NotFoundError extends Error {
    constructor(message: string);
  }
}
declare module 'pouchdb-merge' {
  export function collectLeaves(tree: unknown): { rev: string; pos: number; opts: { deleted?: boolean } }[];
  export function collectConflicts(metadata: unknown): string[];
  export function winningRev(metadata: unknown): string;
  export function latest(rev: string, metadata: unknown): string;
  export function rootToLeaf(
    tree: unknown,
  ): { pos: number; ids: { id: string; opts: { status: string; deleted?: boolean } }[] }[];
  export function traverseRevTree(
    tree: unknown,
    callback: (
      isLeaf: boolean,
      pos: number,
      hash: string,
      context: unknown,
      options: { status: string },
    ) => unknown,
  ): void;
}
declare module 'pouchdb-selector-core' {
  export function matchesSelector(doc: object, selector: object): boolean;
}
declare module 'express-pouchdb' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  export default function expressPouchDB(
    pouch: unknown,
    options: { mode: 'custom'; overrideMode: { include: string[] } },
  ): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;
}
declare module 'leveldown' {
  interface LevelDown {
    open(done: (error?: Error) => void): void;
    close(done: (error?: Error) => void): void;
    getMany(
      keys: string[],
      options: { asBuffer: true },
      done: (error: unknown, values?: (Buffer | undefined)[]) => void,
    ): void;
    iterator(options: {
      gt: string;
      lt: string;
      limit: number;
      keyAsBuffer: false;
      valueAsBuffer: true;
      fillCache: boolean;
      highWaterMark: number;
    }): {
      next(done: (error: unknown, key?: string, value?: Buffer) => void): void;
      end(done: (error: unknown) => void): void;
    };
  }
  export default function leveldown(location: string): LevelDown;
}
