import { describe, expect, it } from 'vitest';
import type { SessionDocument } from '../../../server/auth/account-documents.ts';
import { proofOf, randomSecret, type OpaqueToken } from '../../../server/auth/opaque-token.ts';
import { decideRefresh, newFamily, type RefreshDecision } from '../../../server/auth/token-family.ts';

const start = Date.parse('2026-05-01T12:00:00Z');
const week = 7 * 24 * 3600;

function begin(): { session: SessionDocument; secret: string } {
  const { secret, family } = newFamily({ now: new Date(start), lifetimeSeconds: week });
  return { secret, session: { _id: 'session:u:s', type: 'session', userId: 'u', ...family } };
}

function tokenOf({ familyKey }: SessionDocument, secret: string): OpaqueToken {
  return { userId: 'u', id: 's', secret, proof: proofOf(familyKey, secret) };
}

function refresh(session: SessionDocument, secret: string, seconds = 0): RefreshDecision {
  const now = new Date(start + seconds * 1000);
  return decideRefresh(session, tokenOf(session, secret), { now, graceSeconds: 600, lifetimeSeconds: week });
}

function rotated(
  session: SessionDocument,
  secret: string,
  seconds = 0,
): { session: SessionDocument; secret: string } {
  const decision = refresh(session, secret, seconds);
  if (decision.kind !== 'rotate') throw new Error(decision.kind);
  return decision;
}

describe('a family of refresh tokens', () => {
  it('gives each token a successor, and the session a new week', () => {
    const first = begin();
    const second = rotated(first.session, first.secret, 1000);
    expect(second.secret).not.toBe(first.secret);
    expect(Date.parse(second.session.expiresAt)).toBe(start + (1000 + week) * 1000);
    expect(refresh(second.session, second.secret, 2000).kind).toBe('rotate');
  });

  it('answers a repeated use with the same successor while that is unused, for ten minutes', () => {
    const first = begin();
    const second = rotated(first.session, first.secret);
    expect(refresh(second.session, first.secret, 600)).toMatchObject({
      kind: 'repeat',
      secret: second.secret,
    });
    expect(refresh(second.session, first.secret, 601)).toMatchObject({
      kind: 'reused',
      session: { endReason: 'token_reused' },
    });
  });

  it('takes a used token for stolen as soon as its successor was used', () => {
    const first = begin();
    const second = rotated(first.session, first.secret);
    const third = rotated(second.session, second.secret, 1);
    expect(refresh(third.session, first.secret, 2).kind).toBe('reused');
    expect(refresh(third.session, second.secret, 2)).toMatchObject({ kind: 'repeat', secret: third.secret });
  });

  it('knows a token from many generations ago', () => {
    const first = begin();
    let newest = first;
    for (let count = 0; count < 1000; count += 1) newest = rotated(newest.session, newest.secret, count);
    expect(refresh(newest.session, first.secret, 1000).kind).toBe('reused');
  });

  it('does not end for a token that it never issued', () => {
    const { session } = begin();
    const forged = { ...tokenOf(session, randomSecret()), proof: 'ab'.repeat(16) };
    const rules = { now: new Date(start), graceSeconds: 600, lifetimeSeconds: week };
    expect(decideRefresh(session, forged, rules)).toEqual({ kind: 'unknown' });
  });

  it('is over when it ended, and when its unused token is a week old', () => {
    const { session, secret } = begin();
    expect(refresh({ ...session, endedAt: '2026-05-01T12:00:00Z' }, secret).kind).toBe('ended');
    expect(refresh(session, secret, week).kind).toBe('expired');
    expect(refresh(session, secret, week - 1).kind).toBe('rotate');
  });
});
