import { beforeAll } from 'vitest';
import type { TestSettee } from '../support/settee.ts';
import { madeIn } from '../support/use-settee.ts';
import { openDoor, type Door } from './space-roles.ts';

/** Spaces of every kind and the people around them, for all tests of a file. */
export function useDoor(settee: TestSettee): Door {
  return madeIn(beforeAll, () => openDoor(settee));
}
