import type { Request } from 'express';

/** The origin by which the caller reached this server, unless the configuration names one. */
export function originOf(request: Request, publicUrl: string | undefined): string {
  return publicUrl ?? `${request.protocol}://${request.get('host') ?? 'localhost'}`;
}
