/** What an API key may do; a session has all of them except `admin`, which follows the user's role. */
export type Scope = 'read' | 'write' | 'execute' | 'admin';

/** Every scope, least first. */
export const scopes = ['read', 'write', 'execute', 'admin'] as const satisfies readonly Scope[];

export type UserRole = 'user' | 'admin';

/** Who makes a request, as checked by `Auth.authenticate`. */
export interface Principal {
  userId: string;
  email: string;
  name?: string;
  roles: UserRole[];
  /** Set for access tokens; an API key has `keyId` instead. */
  sessionId?: string;
  keyId?: string;
  scopes: Scope[];
  /** Unix seconds; Infinity for API keys without an end. */
  expiresAt: number;
}

/** True where the principal may do what needs this scope. */
export function hasScope(principal: Principal, scope: Scope): boolean {
  return principal.scopes.includes(scope);
}
