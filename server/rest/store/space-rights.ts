import { SetteeError } from '../../errors.ts';
import type { UserSpace } from './user-space.ts';

/** Throws SetteeError `read_only` for viewers. */
export function assertWrites({ role, space }: Pick<UserSpace, 'role' | 'space'>): void {
  if (role !== 'viewer') return;
  throw new SetteeError(
    'read_only',
    `Your role in “${space.name}” is viewer: you may read there and not write.`,
  );
}

/** Throws SetteeError `read_only` for viewers and `forbidden` for editors. */
export function assertOwns(space: Pick<UserSpace, 'role' | 'space'>): void {
  assertWrites(space);
  if (space.role === 'owner') return;
  throw new SetteeError('forbidden', 'Only an owner of the space may do this.');
}
