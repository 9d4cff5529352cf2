import { isStorageFailure } from '../errors.ts';
import type { HandedOut } from '../local/handed-out.ts';
import { openSpace } from '../local/open-space.ts';
import type { PouchOpener } from '../pouch/open-pouch.ts';
import { createSignal, reportUnexpected, type Signal } from '../signal.ts';
import { createSpaceWorkspace, type SpaceInfo, type SpaceWorkspace } from '../workspace.ts';
import { noteCopy, type Copy } from './copies.ts';
import type { Holds } from './holds.ts';

/** The open spaces beside the personal one, by the names of their copies. */
export interface SpaceSet {
  all: () => readonly SpaceWorkspace[];
  changed: Signal<void>;
  /** Opens a copy that nobody sees, for what has to be done before it goes. */
  openHidden: (copy: Copy) => Promise<SpaceWorkspace>;
  find: (name: string) => SpaceWorkspace | null;
  /** Opens what is missing and takes over new names and roles. */
  open: (wanted: Copy[]) => Promise<void>;
  holds: Holds;
  /** Takes a space out of the list; its databases stay open, and held. */
  remove: (name: string) => void;
}

interface SpaceSetOptions {
  opener: PouchOpener;
  personal: SpaceWorkspace;
  iso: () => string;
  handedOut: HandedOut;
  holds: Holds;
}

export function createSpaceSet({ opener, personal, iso, handedOut, holds }: SpaceSetOptions): SpaceSet {
  const { notes, name: personalName, userId } = personal.space;
  const opened = new Map<string, SpaceWorkspace>();
  const changed = createSignal<void>();
  let all: readonly SpaceWorkspace[] = [personal];

  const announce = () => {
    all = [personal, ...[...opened.values()].toSorted(compareSpaces)];
    changed.emit();
  };
  const openHidden = async ({ name, info }: Copy): Promise<SpaceWorkspace> => {
    const space = await openSpace(opener, `${personalName}-${name}`, userId);
    return createSpaceWorkspace(space, info, iso, handedOut);
  };
  /** Whether something changed. */
  const openOrDescribe = async (copy: Copy): Promise<boolean> => {
    const known = opened.get(copy.name);
    if (known && isSame(known.info, copy.info)) return false;
    // Noted before there are databases: without a note they would not be found again.
    await noteCopy(notes, copy);
    if (known) known.describe(copy.info);
    else {
      holds.hold(copy.name);
      opened.set(copy.name, await openHidden(copy));
    }
    return true;
  };
  return {
    all: () => all,
    changed,
    holds,
    openHidden,
    find: (name) => opened.get(name) ?? null,
    async open(wanted) {
      const outcomes = await Promise.allSettled(wanted.map(openOrDescribe));
      if (outcomes.some((outcome) => outcome.status === 'fulfilled' && outcome.value)) announce();
      for (const outcome of outcomes) {
        // The others are open all the same, and this one is tried again; storage that fails shows elsewhere.
        if (outcome.status === 'rejected' && !isStorageFailure(outcome.reason))
          reportUnexpected(outcome.reason);
      }
    },
    remove(name) {
      if (opened.delete(name)) announce();
    },
  };
}

function compareSpaces(a: SpaceWorkspace, b: SpaceWorkspace): number {
  return a.info.name.localeCompare(b.info.name) || (a.info.id < b.info.id ? -1 : 1);
}

function isSame(a: SpaceInfo, b: SpaceInfo): boolean {
  return a.name === b.name && a.role === b.role && a.database === b.database && a.grant === b.grant;
}
