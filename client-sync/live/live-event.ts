import type { ServerSentEvent } from './event-parser.ts';

export type SpaceRole = 'owner' | 'editor' | 'viewer';

/** What the server tells a browser over its one stream; `id` resumes after it. */
export type LiveEvent =
  /** Whatever was missed before is unknown: look at everything. */
  | { type: 'hello'; bootId: string; spaces: { id: string; role: SpaceRole; database: string }[] }
  /** What was missed follows. */
  | { type: 'resumed' }
  /** Something was written there; what, a pull finds out. */
  | { type: 'hint'; space: string; database: string }
  | { type: 'granted' | 'role'; space: string; role: SpaceRole }
  | { type: 'revoked'; space: string; code: 'membership_ended' | 'space_deleted' }
  | { type: 'expiring'; at: string }
  | { type: 'end'; code: string }
  | { type: 'shutdown'; retryMilliseconds: number };

/** Seconds between two signs of life, where the stream says so. */
export function heartbeatOf(event: ServerSentEvent): number | null {
  const { heartbeatSeconds } = parse(event.data);
  return typeof heartbeatSeconds === 'number' && heartbeatSeconds > 0 ? heartbeatSeconds : null;
}

/** The event in our terms; null for what this version does not know, which newer servers may send. */
export function readLiveEvent({ event, data }: ServerSentEvent): LiveEvent | null {
  const fields = parse(data);
  const space = textOr(fields.space);
  switch (event) {
    case 'hello':
      return { type: 'hello', bootId: textOr(fields.bootId), spaces: spacesOf(fields.spaces) };
    case 'resumed':
      return { type: 'resumed' };
    case 'hint':
      return space === '' ? null : { type: 'hint', space, database: textOr(fields.database) };
    case 'granted':
    case 'role':
      return space === '' ? null : { type: event, space, role: roleOf(fields.role) };
    case 'revoked':
      return space === '' ? null : { type: 'revoked', space, code: codeOf(fields.code) };
    case 'expiring':
      return { type: 'expiring', at: textOr(fields.at) };
    case 'end':
      return { type: 'end', code: textOr(fields.code) };
    case 'shutdown':
      return { type: 'shutdown', retryMilliseconds: Math.max(0, Number(fields.retryMilliseconds) || 0) };
    default:
      return null;
  }
}

function parse(data: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOr(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function roleOf(value: unknown): SpaceRole {
  return value === 'owner' || value === 'editor' ? value : 'viewer';
}

function codeOf(value: unknown): 'membership_ended' | 'space_deleted' {
  return value === 'space_deleted' ? value : 'membership_ended';
}

function spacesOf(value: unknown): { id: string; role: SpaceRole; database: string }[] {
  if (!Array.isArray(value)) return [];
  return (value as Record<string, unknown>[])
    .map(({ id, role, database }) => ({ id: textOr(id), role: roleOf(role), database: textOr(database) }))
    .filter(({ id }) => id !== '');
}
