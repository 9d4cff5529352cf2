import { schemaVersion, serverOnlyFields, serverOnlyPrefixes, tombstoneFields } from '../schema/index.ts';

/*
 * The rules of trust, as the text of a validator's parts. Under replication (`new_edits: false`) oldDoc may be null
 * and history may be forged, so every rule that protects something is decided from newDoc, userCtx and secObj alone;
 * what looks at oldDoc is a courtesy to honest clients and says so.
 */

const list = (values: readonly string[]): string => JSON.stringify(values);

/** Who is asking. Roles come first, before any shortcut for deletions. */
export const roleRules = `
function forbid(message) {
  throw { forbidden: message };
}
function fail(path, what) {
  forbid(path + ' ' + what);
}
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
var roles = userCtx.roles || [];
function has(role) {
  return roles.indexOf(role) !== -1;
}
var members = secObj && secObj.members && secObj.members.roles;
var space = members && typeof members[0] === 'string' && members[0].indexOf('space:') === 0 ? members[0] : null;
var isServer = has('_admin');
var isOwner = isServer || (space !== null && has(space + ':owner'));
if (!isOwner && !(space !== null && has(space + ':editor'))) {
  if (!userCtx.name) throw { unauthorized: 'Sign in to write here' };
  forbid('Writing here takes the role owner or editor');
}
`;

/** What only the server writes, told by the id alone; design documents are the operator's. */
export const serverRules = `
var id = newDoc._id;
if (id.indexOf('_design/') === 0) {
  if (!isServer) forbid('Design documents belong to the server');
  return;
}
var isTombstone = newDoc._deleted === true;
var kind = id.indexOf(':') === -1 ? id : id.slice(0, id.indexOf(':'));
if (${list(serverOnlyPrefixes)}.indexOf(kind + ':') !== -1) {
  if (!isServer) forbid('Only the server writes ' + kind + ': documents');
  if (!isTombstone && newDoc.type !== kind) fail('type', 'must be "' + kind + '"');
  return;
}
`;

/**
 * Deletions. An owner may delete; an editor may only end a leaf that lost a conflict, and names the revision that it
 * was resolved into. Devices and settings end with whoever may write.
 */
export const tombstoneRules = `
if (isTombstone) {
  for (var field of Object.keys(newDoc)) {
    if (${list(tombstoneFields)}.indexOf(field) === -1) fail(field, 'may not be in a deletion');
  }
  if (newDoc.type !== undefined && newDoc.type !== kind) fail('type', 'must be "' + kind + '"');
  if (newDoc.resolvedInto !== undefined && !(typeof newDoc.resolvedInto === 'string' && /^[1-9][0-9]*-[0-9a-f]{32}$/.test(newDoc.resolvedInto))) {
    fail('resolvedInto', 'must be a revision');
  }
  if (isOwner || kind === 'device' || kind === 'settings') return;
  if (kind === 'version' || kind === 'asset') forbid('Only an owner deletes ' + kind + 's');
  if (newDoc.resolvedInto === undefined) {
    forbid('Only an owner deletes; an editor ends a losing leaf by naming resolvedInto');
  }
  return;
}
`;

/** What a move writes. An edit by a plain PouchDB keeps it, and readers see by the generation that it is an edit. */
const movedFields = ['spaceId', 'movedFrom'];

/**
 * What holds for every live document. A flow may name a move of an earlier generation than its own, whether or not what
 * it was edited from is still there to compare: compaction takes that away, and readers see nothing in such a name.
 */
export const liveRules = `
if (newDoc.type !== kind) fail('type', 'must be "' + kind + '"');
if (typeof newDoc.schemaVersion === 'number' && newDoc.schemaVersion > ${schemaVersion}) {
  fail('schemaVersion', newDoc.schemaVersion + ' is newer than this server knows (${schemaVersion})');
}
var before = oldDoc && !oldDoc._deleted ? oldDoc : null;
if (!isServer) {
  var history = newDoc._revisions;
  var isEdit = kind === 'flow' && isObject(history) && history.ids.length > 1;
  var movedAt = isEdit && isObject(newDoc.movedFrom) ? newDoc.movedFrom.generation : null;
  var isPastMove = typeof movedAt === 'number' && movedAt < history.start;
  for (var reserved of ${list(serverOnlyFields)}) {
    if (newDoc[reserved] === undefined) continue;
    var isOfMove = ${list(movedFields)}.indexOf(reserved) !== -1;
    var isKept = before !== null && JSON.stringify(before[reserved]) === JSON.stringify(newDoc[reserved]);
    if (!isOfMove || !(isPastMove || isKept)) fail(reserved, 'is written by the server only');
  }
}
`;

/** Deleting softly is an owner's; as a courtesy, what is deleted already may stay so while an editor changes it. */
export const softDeletionRule = `
if (newDoc.deleted === true && !isOwner && !(before && before.deleted === true)) {
  fail('deleted', 'is set by an owner only');
}
`;

/** A courtesy: the hash in the id is what readers trust. */
export const immutabilityRule = `
if (before && JSON.stringify(before.snapshot) !== JSON.stringify(newDoc.snapshot)) forbid('A version never changes');
if (id.slice(8, 44) !== newDoc.flowId) fail('flowId', 'must be the flow named in _id');
`;

/** A courtesy: a run that has ended stays ended. */
export const endedRunRule = `
if (before && before.status !== 'running' && newDoc.status === 'running') fail('status', 'cannot be running again');
`;

/**
 * A run lies in the month of its id (UUID v7: 48 bits of milliseconds, RFC 9562), one with another id in the month in
 * which it started: readers look nowhere else. CouchDB names the shard, which ends in a dot and a number.
 */
export const monthRule = `
var month = /-runs-(\\d{4}-\\d{2})(?:\\.|$)/.exec(String(userCtx.db));
if (month !== null) {
  var bare = id.slice(kind.length + 1);
  var isTimed = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(bare);
  var started = isTimed ? new Date(parseInt(bare.slice(0, 8) + bare.slice(9, 13), 16)).toISOString() : newDoc.startedAt;
  if (started.slice(0, 7) !== month[1]) fail('_id', 'belongs into the month ' + started.slice(0, 7));
}
`;
