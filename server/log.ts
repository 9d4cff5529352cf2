import { pino, type DestinationStream, type Level, type Logger } from 'pino';

/** What the parts of the server need of a logger; one JSON object a line. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

const secretFields = [
  'authorization',
  'cookie',
  'password',
  'currentPassword',
  'newPassword',
  'token',
  'accessToken',
  'refreshToken',
  'secret',
];

const redactedPaths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

const deepestCause = 5;

/** Only what is named here: errors of the engine carry the whole request, with password hashes and documents. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'object' && error !== null ? '[object]' : error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof statusCode === 'number' ? { statusCode } : {}),
    stack: error.stack,
    ...(error.cause === undefined || depth === deepestCause
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}

/** Makes the process's logger; fields that hold secrets are replaced, three levels deep. `silent` writes nothing. */
export function createLog(options: { level: Level | 'silent'; destination?: DestinationStream }): Log {
  const settings = {
    level: options.level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths, censor: '[secret]' },
    serializers: { err: (error: unknown) => describeError(error) },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}
