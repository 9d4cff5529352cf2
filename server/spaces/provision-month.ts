import { SetteeError } from '../errors.ts';
import type { Couch } from '../couch/couch.ts';
import type { Directory } from './directory.ts';
import { monthState } from './months.ts';
import type { Access } from './spaces.ts';

/** Makes the runs database of an allowed month. */
export async function provisionMonth(
  { couch, directory, now }: { couch: Couch; directory: Directory; now: Date },
  { database, month, months, space }: Access,
): Promise<'created' | 'exists'> {
  if (month === undefined)
    throw new SetteeError('not_found', 'Only the databases of months are made on demand.');
  const state = monthState(months, month, now);
  if (state === 'gone') throw new SetteeError('gone', `The runs of ${month} were dropped.`);
  if (state === 'outside') throw new SetteeError('not_found', `There are no runs of ${month}.`);
  const result = await couch.createDatabase(database, 'runs', space.id);
  if (result === 'exists') return result;
  const current = await directory.read(space.id);
  if (current && !current.removing) return result;
  // The space was removed while its month was made.
  await couch.deleteDatabase(database);
  throw new SetteeError('not_found', 'There is no such space.');
}
