import type { EnginePublicKey } from './keyring.ts';

/** CouchDB keeps a PEM on one line, its newlines written `\n`; real ones it answers with 400. */
export function pemOnOneLine(pem: string): string {
  return pem.trim().replaceAll('\n', String.raw`\n`);
}

export const jwtHandler = '{chttpd_auth, jwt_authentication_handler}';

/** CouchDB's own handlers, for where none are set. */
export const defaultHandlers =
  '{chttpd_auth, cookie_authentication_handler}, {chttpd_auth, default_authentication_handler}';

/** What an administrator puts into CouchDB's local.d/*.ini where Settee may not set it at run time. */
export function iniLines(keys: readonly EnginePublicKey[]): string {
  return [
    '[chttpd]',
    `authentication_handlers = ${jwtHandler}, ${defaultHandlers}`,
    '[jwt_auth]',
    'required_claims = exp',
    '[jwt_keys]',
    ...keys.map(({ kid, pem }) => `ec:${kid} = ${pemOnOneLine(pem)}`),
  ].join('\n');
}
