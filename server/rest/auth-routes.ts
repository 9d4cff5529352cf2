import {
  authReplySchema,
  deleteMeBodySchema,
  loginBodySchema,
  logoutBodySchema,
  meReplySchema,
  passwordBodySchema,
  refreshBodySchema,
  registerBodySchema,
  updateMeBodySchema,
  type RegisterBody,
  type UpdateMeBody,
} from '../../schema/index.ts';
import type { Auth } from '../auth/auth.ts';
import type { Identify } from '../http/identify.ts';
import { assertSession, clientOf, tokensReply, userReply } from './account-replies.ts';
import { defineRoute, type Route } from './route.ts';

const tag = 'Accounts';
const issued = { description: 'Tokens for this client', schema: authReplySchema };

function signInRoutes(auth: Auth): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/api/auth/register',
      tag,
      summary: 'Make an account and sign in',
      access: 'public',
      limit: 'sign-up',
      body: registerBodySchema,
      replies: { 201: issued, 409: { description: 'The e-mail address has an account already' } },
      async handle({ body, request }) {
        const account = withoutUndefined(body);
        return { status: 201, body: tokensReply(await auth.register(account, clientOf(request))) };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/login',
      tag,
      summary: 'Sign in',
      access: 'public',
      limit: 'sign-in',
      body: loginBodySchema,
      replies: { 200: issued, 401: { description: 'The e-mail address or the password is wrong' } },
      async handle({ body, request }) {
        return { status: 200, body: tokensReply(await auth.login(body, clientOf(request))) };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/refresh',
      tag,
      summary: 'New tokens for a refresh token; each works once, and again until its successor is used',
      access: 'public',
      body: refreshBodySchema,
      replies: { 200: issued, 401: { description: 'The session is over, or the token was used before' } },
      async handle({ body, request }) {
        return { status: 200, body: tokensReply(await auth.refresh(body.refreshToken, clientOf(request))) };
      },
    }),
  ];
}

function withoutUndefined({ name, ...account }: RegisterBody): {
  email: string;
  password: string;
  name?: string;
} {
  return name === undefined ? account : { ...account, name };
}

function changesOf(body: UpdateMeBody): Parameters<Auth['update']>[1] {
  const { name, email, currentPassword } = body;
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(currentPassword === undefined ? {} : { currentPassword }),
  };
}

function logoutRoute(auth: Auth, identify: Identify): Route {
  return defineRoute({
    method: 'post',
    path: '/api/auth/logout',
    tag,
    summary: 'End this session, or with `all` every session of the user; by access token or refresh token',
    access: 'public',
    body: logoutBodySchema,
    replies: {
      204: { description: 'Signed out' },
      401: { description: 'Neither token is good for anything' },
    },
    async handle({ body, request }) {
      const options = { all: body?.all === true };
      if (body?.refreshToken !== undefined) {
        await auth.logoutWith(body.refreshToken, options);
        return { status: 204 };
      }
      const principal = await identify(request);
      assertSession(principal);
      await auth.logout(principal, options);
      return { status: 204 };
    },
  });
}

function meRoutes(auth: Auth): Route[] {
  const me = { description: 'The user', schema: meReplySchema };
  return [
    defineRoute({
      method: 'get',
      path: '/api/auth/me',
      tag,
      summary: 'Who is signed in',
      access: 'read',
      replies: { 200: me },
      async handle({ principal }) {
        return { status: 200, body: { user: userReply(await auth.me(principal)) } };
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/api/auth/me',
      tag,
      summary: 'Change the name, or with the password the e-mail address',
      access: 'write',
      limit: 'password',
      body: updateMeBodySchema,
      replies: { 200: me, 401: { description: 'The password is wrong' } },
      async handle({ principal, body }) {
        assertSession(principal);
        return { status: 200, body: { user: userReply(await auth.update(principal, changesOf(body))) } };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/auth/me',
      tag,
      summary: 'Remove the account with all its data, for good',
      access: 'write',
      limit: 'sign-in',
      body: deleteMeBodySchema,
      replies: {
        204: { description: 'Removed' },
        401: { description: 'The password is wrong, or missing more than five minutes after signing in' },
        409: { description: 'The only owner of spaces that others use; `details.spaces` names them' },
      },
      async handle({ principal, body }) {
        assertSession(principal);
        await auth.deleteAccount(principal, body?.password);
        return { status: 204 };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/password',
      tag,
      summary: 'Change the password; every other session ends',
      access: 'write',
      limit: 'sign-in',
      body: passwordBodySchema,
      replies: { 204: { description: 'Changed' }, 401: { description: 'The current password is wrong' } },
      async handle({ principal, body }) {
        assertSession(principal);
        await auth.changePassword(principal, body);
        return { status: 204 };
      },
    }),
  ];
}

/** Accounts and tokens. */
export function createAuthRoutes({ auth, identify }: { auth: Auth; identify: Identify }): Route[] {
  return [...signInRoutes(auth), logoutRoute(auth, identify), ...meRoutes(auth)];
}
