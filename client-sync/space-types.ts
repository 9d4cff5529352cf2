import type {
  CreatedInvitation,
  InvitationPreview,
  Member,
  PendingInvitation,
  SpaceRole,
} from '../schema/index.ts';
import type { Flow } from './flow-types.ts';
import type { Unsubscribe } from './signal.ts';

export type { CreatedInvitation, InvitationPreview, Member, PendingInvitation, SpaceRole };

/** A space that the user may see. */
export interface SpaceSummary {
  /** The personal space's is the user's id; `local` before any account. */
  id: string;
  kind: 'personal' | 'team' | 'shared' | 'templates';
  /** Empty for the personal space. */
  name: string;
  role: SpaceRole;
  /** Whether its flows are kept on this device. */
  isOpen: boolean;
}

/** A server's answer about a space: what `list` gives once the membership has arrived. */
export type SpaceAnswer = Omit<SpaceSummary, 'isOpen'>;

/**
 * The spaces of the user. `list` and `watch` work offline; everything else asks the server, rejects with OfflineError
 * or SignedOutError, and shows here when the membership has arrived by replication.
 */
export interface SpacesApi {
  /** The personal space first, the others by name. */
  list: () => Promise<SpaceSummary[]>;
  /** Calls back now and after every change. */
  watch: (listener: (spaces: SpaceSummary[]) => void) => Unsubscribe;
  /** Makes a team of which the user is the owner. */
  create: (input: { name: string }) => Promise<SpaceAnswer>;
  rename: (spaceId: string, name: string) => Promise<SpaceAnswer>;
  /** Deletes the space with everything in it, for everybody. */
  remove: (spaceId: string) => Promise<void>;
  /** Invites somebody who may have no account yet; `link` is for passing on. */
  invite: (spaceId: string, invitation: { email: string; role: SpaceRole }) => Promise<CreatedInvitation>;
  /** The invitations that are still open. */
  invitations: (spaceId: string) => Promise<PendingInvitation[]>;
  withdraw: (spaceId: string, invitationId: string) => Promise<void>;
  /** What an invitation is about, for whoever holds its token. */
  preview: (token: string) => Promise<InvitationPreview>;
  accept: (token: string) => Promise<SpaceAnswer>;
  decline: (token: string) => Promise<void>;
  members: (spaceId: string) => Promise<Member[]>;
  setRole: (spaceId: string, userId: string, role: SpaceRole) => Promise<Member>;
  removeMember: (spaceId: string, userId: string) => Promise<void>;
  /** Ends the user's own membership. */
  leave: (spaceId: string) => Promise<void>;
  /** Makes a member the owner; whoever hands over becomes an editor. */
  transfer: (spaceId: string, userId: string) => Promise<void>;
}

/** Something that happened to a space and that the user has to know; kept on this device until it is dismissed. */
export interface Notice {
  id: string;
  /**
   * `rescued`: the membership ended; `role-lowered`: the user may only read there now; `space-deleted`: the space is
   * gone. What was not on the server yet is in the personal space.
   */
  kind: 'rescued' | 'role-lowered' | 'space-deleted';
  spaceName: string;
  /** ISO time. */
  at: string;
  /** Copies in the personal space; empty where everything was on the server. */
  flowIds: string[];
}

export interface NoticesApi {
  /** Newest first. */
  list: () => Promise<Notice[]>;
  dismiss: (id: string) => Promise<void>;
  /** Calls back now and after every change. */
  subscribe: (listener: (notices: Notice[]) => void) => Unsubscribe;
}

/** Whom to share a flow with: somebody with an account, or an address that is invited. */
export type ShareWith = ({ userId: string } | { email: string }) & { role: 'editor' | 'viewer' };

/** Sharing and templates; all of it asks the server. */
export interface FlowSharing {
  /**
   * Lets somebody see or edit the flow. The first share moves it into a space of its own; id and history stay. Resolves
   * to the invitation of an address, and to null for a user, who sees it at once.
   */
  share: (flowId: string, whom: ShareWith) => Promise<CreatedInvitation | null>;
  unshare: (flowId: string, userId: string) => Promise<void>;
  /** `team` moves the flow into a team: the one of `teamId`, or the only one where the user may write. */
  setVisibility: (
    flowId: string,
    visibility: 'private' | 'team' | 'public',
    options?: { teamId?: string },
  ) => Promise<void>;
  /** Moves the flow into another space, with its history and versions. */
  move: (flowId: string, spaceId: string) => Promise<void>;
  templates: {
    list: (query?: { search?: string; limit?: number; offset?: number }) => Promise<TemplateList>;
    /** Makes a flow of the user's own of a template; it arrives by replication. */
    use: (templateId: string) => Promise<{ id: string }>;
  };
}

/** A public flow. */
export type Template = Partial<Flow> & {
  id: string;
  name: string;
  /** How many people have used it. */
  popularity: number;
};

export interface TemplateList {
  templates: Template[];
  total: number;
}
