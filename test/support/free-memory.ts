import { createRequire } from 'node:module';
import { afterAll } from 'vitest';

/** What PouchDB's memory adapter keeps its databases in. */
const memdown = createRequire(import.meta.url)('memdown') as { clearGlobalStore: (strict: boolean) => void };

/*
 * Test files of one worker share its modules, and what is kept in memory by name would stay until the last of them:
 * each leaves nothing behind.
 */
afterAll(() => memdown.clearGlobalStore(true));
