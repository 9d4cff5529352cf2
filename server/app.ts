import type { RequestListener } from 'node:http';
import express, { type RequestHandler, type Router } from 'express';
import type { Auth } from './auth/auth.ts';
import type { Config } from './config.ts';
import type { Keyring } from './couch/keyring.ts';
import { createAccessLog } from './http/access-log.ts';
import { createCrossOrigin } from './http/cross-origin.ts';
import { createErrorHandler, createNotFound } from './http/errors.ts';
import { createForwardedWarning } from './http/forwarded-warning.ts';
import { createHealth, type HealthCheck } from './http/health.ts';
import { createIdentify } from './http/identify.ts';
import { createJsonBody } from './http/json-body.ts';
import { createLiveListener, refuseLive, type OpenLive } from './http/live-listener.ts';
import { createPages } from './http/pages.ts';
import { createRateLimiters } from './http/rate-limits.ts';
import { createRequestContext } from './http/request-context.ts';
import type { RequestTracker } from './http/request-tracker.ts';
import { createSecurityHeaders } from './http/security-headers.ts';
import type { Log } from './log.ts';
import type { Mailer } from './mail/mailer.ts';
import { createAuthRoutes } from './rest/auth-routes.ts';
import { createDeviceRoutes } from './rest/device-routes.ts';
import { createExportRoute } from './rest/export-route.ts';
import { createInvite } from './rest/invite.ts';
import { createInvitationRoutes } from './rest/invitation-routes.ts';
import { createKeyRoutes } from './rest/key-routes.ts';
import { createMemberRoutes } from './rest/member-routes.ts';
import type { Route } from './rest/route.ts';
import { createRouter } from './rest/router.ts';
import { createSessionRoutes } from './rest/session-routes.ts';
import { createSpaceRoutes, type SpaceRoutesOptions } from './rest/space-routes.ts';
import type { Spaces } from './spaces/spaces.ts';

export interface AppOptions {
  config: Pick<Config, 'publicUrl' | 'corsOrigins' | 'trustProxy' | 'rateLimits' | 'invitationDays'>;
  log: Log;
  auth: Auth;
  spaces: Spaces;
  mailer: Mailer;
  keyring: Pick<Keyring, 'jwks'>;
  requests: RequestTracker;
  healthChecks: Record<string, HealthCheck>;
  /** What answers below /db. */
  proxy?: RequestHandler;
  /** How much a space holds, for the list of spaces. */
  usageOf?: SpaceRoutesOptions['usageOf'];
  /** What answers at /live. */
  live?: OpenLive;
  /** Further REST calls; they are given those of the accounts, so that one description can name them all. */
  routes?: (accountRoutes: Route[]) => Route[];
  /** The folder of the built web application. */
  pages?: string;
}

/** Public keys and health: public, never limited, and answered before anything is parsed. */
function createOpenRoutes({ keyring, healthChecks }: AppOptions): Router {
  const router = express.Router();
  router.get('/.well-known/jwks.json', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=300').json(keyring.jwks());
  });
  router.get('/health', createHealth(healthChecks));
  return router;
}

/** The whole server as an Express application; the order of the middleware is written here and nowhere else. */
export function createApp(options: AppOptions): RequestListener {
  const { config, log, auth, spaces, mailer, requests, usageOf } = options;
  const { publicUrl } = config;
  const identify = createIdentify({ auth });
  const limiters = createRateLimiters({ limits: config.rateLimits, identify });
  const invite = createInvite({ spaces, mailer, days: config.invitationDays, publicUrl });
  const accountRoutes = [
    ...createAuthRoutes({ auth, identify }),
    ...createSessionRoutes({ auth }),
    ...createDeviceRoutes({ auth, spaces }),
    ...createKeyRoutes({ auth }),
    ...createSpaceRoutes({ spaces, publicUrl, usageOf }),
    createExportRoute({ spaces }),
    ...createMemberRoutes({ spaces, auth }),
    ...createInvitationRoutes({ spaces, auth, invite, publicUrl, usageOf }),
  ];
  const routes = [...accountRoutes, ...(options.routes?.(accountRoutes) ?? [])];

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustProxy);
  const securityHeaders = createSecurityHeaders({ publicUrl });
  const crossOrigin = createCrossOrigin({ origins: config.corsOrigins });
  app.use(createRequestContext({ log }), createAccessLog(), requests.middleware);
  app.use(createForwardedWarning({ log, trustProxy: config.trustProxy }));
  app.use(securityHeaders, crossOrigin);
  app.use(createOpenRoutes(options));
  app.use('/live', limiters.general, refuseLive);
  if (options.proxy) app.use('/db', limiters.replication, options.proxy);
  app.use('/api', limiters.general, createJsonBody({ identify }));
  app.use(
    createRouter({ routes, identify, limitSignIn: (request, email) => limiters.signIn(request, email) }),
  );
  if (options.pages !== undefined) app.use(createPages({ directory: options.pages }));
  app.use(createNotFound(), createErrorHandler());
  if (!options.live) return app;
  return createLiveListener({ app, open: options.live, middleware: [securityHeaders, crossOrigin] });
}
