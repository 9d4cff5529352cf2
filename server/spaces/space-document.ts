import { z } from 'zod';
import {
  isMonth,
  monthOf,
  personalDatabase,
  spaceDatabase,
  type Month,
  type ParsedDatabaseName,
} from '../../schema/index.ts';
import type { MonthWindow, Space } from './spaces.ts';

export const roleSchema = z.enum(['owner', 'editor', 'viewer']);
const monthSchema = z.string().refine(isMonth);

/** What became of an invitation; only an open one can be accepted. */
export const invitationStateSchema = z.object({
  state: z.enum(['open', 'accepted', 'declined', 'withdrawn']),
  /** After it nothing needs to be known of the invitation. */
  expiresAt: z.iso.datetime({ offset: true }),
  /** Who accepted. */
  userId: z.string().optional(),
});
export type InvitationState = z.infer<typeof invitationStateSchema>;

/** A space in the `directory` database: who may see it, and which months of runs it has. */
export const spaceDocumentSchema = z.looseObject({
  _id: z.templateLiteral(['space:', z.string()]),
  _rev: z.string().optional(),
  type: z.literal('space'),
  kind: z.enum(['personal', 'team', 'shared', 'templates']),
  name: z.string(),
  members: z.record(z.string(), roleSchema),
  createdAt: z.iso.datetime({ offset: true }),
  /** Who is a member since when; since the space was made where it is not said. */
  since: z.record(z.string(), z.string()).optional(),
  /** A random name for what each member holds: another one after each addition and each lowering to viewer. */
  grants: z.record(z.string(), z.string()).optional(),
  /** Whose membership ended, and when. */
  former: z.record(z.string(), z.string()).optional(),
  /** Users whose membership document does not say yet what is said here; set by the write that changed it. */
  outbox: z.array(z.string()).optional(),
  /** By id; the one place that decides whether an invitation still holds. */
  invitations: z.record(z.string(), invitationStateSchema).optional(),
  /** Set until the database is there. */
  making: z.literal(true).optional(),
  /** Set where imports brought runs from before the space. */
  earliestMonth: monthSchema.optional(),
  /** Older months were dropped. */
  retentionFloor: monthSchema.optional(),
  /** Older months that have an unfinished run. */
  keptMonths: z.array(monthSchema).optional(),
  /** Flows that are being moved into the space, each with its move: it is not removed meanwhile. */
  arriving: z.record(z.string(), z.string()).optional(),
  /** Set before a space's databases are deleted, so that a crash in between can be mended. */
  removing: z.literal(true).optional(),
  /** Set where a space of shared flows is to end, as nobody shares them any more. */
  dissolving: z.literal(true).optional(),
  /** Set with `removing` where what is in the space goes to somebody before it is deleted. */
  heir: z.string().optional(),
});
export type SpaceDocument = z.infer<typeof spaceDocumentSchema>;

export function spaceDocId(spaceId: string): `space:${string}` {
  return `space:${spaceId}`;
}

export function spaceIdOf(document: Pick<SpaceDocument, '_id'>): string {
  return document._id.slice('space:'.length);
}

/** The database that holds a space's flows. */
export function databaseOf(document: Pick<SpaceDocument, '_id' | 'kind'>, prefix: string): string {
  const id = spaceIdOf(document);
  return document.kind === 'personal' ? personalDatabase(id, prefix) : spaceDatabase(id, prefix);
}

export function spaceOf(document: SpaceDocument, prefix: string): Space {
  const { kind, name } = document;
  return { id: spaceIdOf(document), kind, name, database: databaseOf(document, prefix) };
}

export function monthsOf(document: SpaceDocument): MonthWindow {
  return {
    earliest: earliestMonthOf(document),
    ...(document.retentionFloor === undefined ? {} : { floor: document.retentionFloor }),
    kept: document.keptMonths ?? [],
  };
}

function earliestMonthOf({ createdAt, earliestMonth }: SpaceDocument): Month {
  const created = monthOf(new Date(createdAt));
  return earliestMonth !== undefined && earliestMonth < created ? earliestMonth : created;
}

/** The id of the space that a database's name speaks of, or null for the server's own databases. */
export function spaceIdIn(parsed: ParsedDatabaseName): string | null {
  if (parsed.kind === 'server') return null;
  return parsed.kind === 'personal' ? parsed.userId : parsed.spaceId;
}
