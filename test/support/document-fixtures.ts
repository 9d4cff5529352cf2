import { assetFixtures } from './fixtures/asset-fixtures.ts';
import { deviceFixtures, settingsFixtures } from './fixtures/account-fixtures.ts';
import { executionFixtures } from './fixtures/execution-fixtures.ts';
import type { Fixture } from './fixtures/fixture.ts';
import { flowFixtures } from './fixtures/flow-fixtures.ts';
import { versionFixtures } from './fixtures/version-fixtures.ts';

/** Documents of every type, as they are in JSON, with the one verdict that zod and the validators must share. */
export const documentFixtures: Fixture[] = [
  ...flowFixtures,
  ...versionFixtures,
  ...executionFixtures,
  ...deviceFixtures,
  ...settingsFixtures,
  ...assetFixtures,
].map((fixture) => ({ ...fixture, doc: JSON.parse(JSON.stringify(fixture.doc)) as Fixture['doc'] }));
