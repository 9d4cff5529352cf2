import { randomUUID } from 'node:crypto';
import type { Keyring } from '../couch/keyring.ts';
import { SetteeError } from '../errors.ts';
import {
  sessionDocumentId,
  userDocumentId,
  lastPart,
  type SessionDocument,
  type SessionEndReason,
  type UserDocument,
} from './account-documents.ts';
import type { AccountStore } from './account-store.ts';
import { formatToken, hasProof, parseToken, proofOf, type OpaqueToken } from './opaque-token.ts';
import { decideRefresh, endedSession, isInUse, newFamily, type RefreshDecision } from './token-family.ts';

/** What a client says about itself at sign-in. */
export interface ClientDescription {
  userAgent?: string;
  deviceId?: string;
}

/** Tokens for a client. */
export interface IssuedTokens {
  user: UserDocument;
  sessionId: string;
  accessToken: string;
  refreshToken: string;
  /** Seconds until the access token is over. */
  expiresIn: number;
}

export interface TokenRules {
  accessTokenSeconds: number;
  refreshTokenSeconds: number;
  refreshGraceSeconds: number;
}

export interface Sessions {
  start(user: UserDocument, client: ClientDescription): Promise<IssuedTokens>;
  /** Throws SetteeError `unauthorized`, `token_expired`, `session_ended` or `token_reused`. */
  refresh(refreshToken: string, client: ClientDescription): Promise<IssuedTokens>;
  /**
   * The session that issued this token, though it may have ended; null for any other token. `isInUse` where the session
   * goes on and the token is the newest of it or the one before.
   */
  find(refreshToken: string): Promise<{ session: SessionDocument; isInUse: boolean } | null>;
  get(userId: string, sessionId: string): Promise<SessionDocument | null>;
  /** False where the user has no such session, or it had ended. */
  end(userId: string, sessionId: string, reason: SessionEndReason): Promise<boolean>;
  endAll(userId: string, reason: SessionEndReason, except?: string): Promise<void>;
  /** Sessions that can still be used, the last used first. */
  list(userId: string): Promise<SessionDocument[]>;
}

export const refreshTokenPrefix = 'srt_';
const attempts = 20;
/** An ended session is kept until no access token of it can be valid, and a while longer. */
const keptAfterEndMilliseconds = 24 * 3600 * 1000;

const refusals = {
  unknown: ['unauthorized', 'The refresh token is not valid.'],
  expired: ['token_expired', 'The session is over; sign in again.'],
  ended: ['session_ended', 'The session has ended; sign in again.'],
} as const;

function refusal(kind: keyof typeof refusals): SetteeError {
  const [code, message] = refusals[kind];
  return new SetteeError(code, message);
}

export function createSessions(options: {
  store: AccountStore;
  keyring: Pick<Keyring, 'signAccess'>;
  rules: TokenRules;
  clock: () => Date;
}): Sessions {
  const { store, keyring, rules, clock } = options;
  const lifetimeSeconds = rules.refreshTokenSeconds;

  async function issue(user: UserDocument, session: SessionDocument, secret: string): Promise<IssuedTokens> {
    const userId = session.userId;
    const id = lastPart(session._id);
    const proof = proofOf(session.familyKey, secret);
    return {
      user,
      sessionId: id,
      accessToken: await keyring.signAccess({ sub: userId, sid: id }, rules.accessTokenSeconds),
      refreshToken: formatToken(refreshTokenPrefix, { userId, id, secret, proof }),
      expiresIn: rules.accessTokenSeconds,
    };
  }

  async function prune(userId: string): Promise<void> {
    const oldest = clock().getTime() - keptAfterEndMilliseconds;
    const isOld = ({ endedAt, expiresAt }: SessionDocument): boolean =>
      Date.parse(endedAt ?? expiresAt) < oldest;
    const sessions = await store.range<SessionDocument>(`session:${userId}:`);
    await Promise.all(sessions.filter(isOld).map(({ _id }) => store.remove(_id)));
  }

  async function decide(token: OpaqueToken, client: ClientDescription): Promise<RefreshDecision> {
    const session = await store.get<SessionDocument>(sessionDocumentId(token.userId, token.id));
    // Nothing tells a session that was removed long ago from one that never was.
    if (!session) return { kind: 'ended' };
    const now = clock();
    const graceSeconds = rules.refreshGraceSeconds;
    const decision = decideRefresh(session, token, { now, graceSeconds, lifetimeSeconds });
    return decision.kind === 'rotate'
      ? { ...decision, session: { ...decision.session, ...client } }
      : decision;
  }

  /** Acts on a decision; null where another request changed the family in between. */
  async function settle(
    decision: RefreshDecision,
  ): Promise<{ session: SessionDocument; secret: string } | null> {
    if (decision.kind === 'repeat') return decision;
    if (decision.kind === 'rotate') return (await store.replace(decision.session)) ? decision : null;
    if (decision.kind !== 'reused') throw refusal(decision.kind);
    if (!(await store.replace(decision.session))) return null;
    throw new SetteeError(
      'token_reused',
      'This refresh token was used before; the session has ended for safety.',
    );
  }

  return {
    async start(user, client) {
      const userId = lastPart(user._id);
      const { secret, family } = newFamily({ now: clock(), lifetimeSeconds });
      const _id = sessionDocumentId(userId, randomUUID());
      const session: SessionDocument = { _id, type: 'session', userId, ...family, ...client };
      await store.create(session);
      await prune(userId);
      return issue(user, session, secret);
    },
    async refresh(refreshToken, client) {
      const token = parseToken(refreshTokenPrefix, refreshToken, { proof: true });
      if (!token) throw refusal('unknown');
      for (let count = 0; count < attempts; count += 1) {
        const settled = await settle(await decide(token, client));
        if (!settled) continue;
        const user = await store.get<UserDocument>(userDocumentId(token.userId));
        if (!user) throw refusal('ended');
        return issue(user, settled.session, settled.secret);
      }
      throw new SetteeError('conflict', 'Too many refreshes at once; try again.');
    },
    async find(refreshToken) {
      const token = parseToken(refreshTokenPrefix, refreshToken, { proof: true });
      if (!token) return null;
      const session = await store.get<SessionDocument>(sessionDocumentId(token.userId, token.id));
      if (!session || !hasProof(session.familyKey, token)) return null;
      return { session, isInUse: isInUse(session, token, clock()) };
    },
    get: (userId, sessionId) => store.get<SessionDocument>(sessionDocumentId(userId, sessionId)),
    async end(userId, sessionId, reason) {
      const now = clock();
      let ended = false;
      await store.update<SessionDocument>(sessionDocumentId(userId, sessionId), (session) => {
        ended = session.endedAt === undefined;
        return endedSession(session, reason, now);
      });
      return ended;
    },
    async endAll(userId, reason, except) {
      const now = clock();
      const sessions = await store.range<SessionDocument>(`session:${userId}:`);
      const others = sessions.filter(({ _id }) => lastPart(_id) !== except);
      await Promise.all(
        others.map(({ _id }) =>
          store.update<SessionDocument>(_id, (session) => endedSession(session, reason, now)),
        ),
      );
    },
    async list(userId) {
      const now = clock().getTime();
      const sessions = await store.range<SessionDocument>(`session:${userId}:`);
      return sessions
        .filter(({ endedAt, expiresAt }) => endedAt === undefined && Date.parse(expiresAt) > now)
        .toSorted((a, b) => b.lastUsedAt.localeCompare(a.lastUsedAt));
    },
  };
}
