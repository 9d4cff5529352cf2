import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../server/config.ts';
import { environmentSchema } from '../../server/environment-schema.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('needs nothing', () => {
    expect(parseConfig({})).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      couchdbPort: 5984,
      dataDirectory: './data',
      corsOrigins: [],
      trustProxy: false,
      accessTokenSeconds: 900,
      refreshTokenDays: 7,
      refreshGraceSeconds: 600,
      embeddedPlainUsers: false,
      rateLimits: { windowSeconds: 900, signIn: 5 },
    });
    expect(parseConfig({})).not.toHaveProperty('couchdbUrl');
  });

  it('takes an empty variable for none, as compose files write them', () => {
    expect(parseConfig({ PORT: '', COUCHDB_URL: ' ', FIRST_ADMIN_EMAIL: '', CORS_ORIGINS: '' })).toEqual(
      parseConfig({}),
    );
  });

  it('reads lists, numbers, flags and addresses', () => {
    const config = parseConfig({
      PORT: '8080',
      CORS_ORIGINS: 'https://a.example.org, http://localhost:5173/',
      PUBLIC_URL: 'https://flows.example.org/',
      TRUST_PROXY: '2',
      RETENTION_MONTHS: '12',
      EMBEDDED_PLAIN_USERS: 'true',
      RATE_LIMIT_GENERAL: '0',
      FIRST_ADMIN_EMAIL: 'admin@example.org',
      FIRST_ADMIN_PASSWORD: 'long enough',
    });
    expect(config).toMatchObject({
      port: 8080,
      corsOrigins: ['https://a.example.org', 'http://localhost:5173'],
      publicUrl: 'https://flows.example.org',
      trustProxy: 2,
      retentionMonths: 12,
      embeddedPlainUsers: true,
      rateLimits: { general: 0 },
      firstAdministrator: { email: 'admin@example.org', password: 'long enough' },
    });
    expect(parseConfig({ TRUST_PROXY: '10.0.0.0/8' }).trustProxy).toBe('10.0.0.0/8');
  });

  it('names every variable that is wrong at once, and shows no value', () => {
    const problems = problemsOf({
      PORT: '70000',
      COUCHDB_URL: 'http://127.0.0.1:5984/secretpath',
      DATABASE_PREFIX: 'No_Good',
      PUBLIC_URL: 'flows.example.org',
      CORS_ORIGINS: '*',
      LOG_LEVEL: 'loud',
      RETENTION_MONTHS: '0',
      TRUST_PROXY: 'true',
      FIRST_ADMIN_PASSWORD: 'hunter2hunter2',
      ACCESS_TOKEN_SECONDS: 'soon',
    });
    const named = problems.map((problem) => problem.split(':')[0]);
    expect(new Set(named)).toEqual(
      new Set([
        'ACCESS_TOKEN_SECONDS',
        'CORS_ORIGINS',
        'COUCHDB_URL',
        'DATABASE_PREFIX',
        'FIRST_ADMIN_EMAIL',
        'LOG_LEVEL',
        'PORT',
        'PUBLIC_URL',
        'RETENTION_MONTHS',
        'TRUST_PROXY',
      ]),
    );
    expect(problems.join()).not.toMatch(/hunter2|secretpath/);
  });

  it('is described whole in .env.example, with its defaults', () => {
    const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const named = [...example.matchAll(/^#?([A-Z_]+)=(.*)$/gm)];
    const known = Object.keys(environmentSchema.shape);
    expect(new Set(named.map((match) => match[1]))).toEqual(new Set(known));
    const shown = Object.fromEntries(named.map((match) => [match[1], match[2]]));
    expect(problemsOf(shown as Record<string, string>)).toEqual([]);
  });
});
