import { expect, it } from 'vitest';
import { createHinted } from '../../client-sync/replication/hinted.ts';

it('a hint is about others where nothing was sent from here since the last pull began', () => {
  const { hint, pullBegins, pushBegins } = createHinted();
  expect(pullBegins()).toBe(false);
  hint();
  expect(pullBegins()).toBe(true);
  expect(pullBegins()).toBe(false);
  pushBegins(false)();
  hint();
  expect(pullBegins()).toBe(true);
  const ended = pushBegins(true);
  hint();
  expect(pullBegins()).toBe(false);
  ended();
  hint();
  // What was being sent then is heard of now.
  expect(pullBegins()).toBe(false);
  hint();
  expect(pullBegins()).toBe(true);
});
