import { createTransport } from 'nodemailer';
import type { Log } from '../log.ts';
import type { Mailer } from './mailer.ts';

export interface SmtpMailerOptions {
  /** `smtp://user:password@host:port`, or `smtps://…`. */
  url: string;
  /** An address, with or without a name. */
  from: string;
  log: Log;
  /** A caller waits for the answer; 10,000 by default. */
  patienceMilliseconds?: number;
}

/** Hands mail to a mail server, a connection each time. */
export function createSmtpMailer(options: SmtpMailerOptions): Mailer {
  const { url, from, log, patienceMilliseconds = 10_000 } = options;
  const transport = createTransport(
    {
      url,
      connectionTimeout: patienceMilliseconds,
      greetingTimeout: patienceMilliseconds,
      socketTimeout: patienceMilliseconds,
      dnsTimeout: patienceMilliseconds,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  return {
    async send({ to, subject, text }) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error('The mail server takes too long.')), patienceMilliseconds);
      });
      try {
        // As an object, so that a comma in it names no second recipient.
        await Promise.race([transport.sendMail({ to: { name: '', address: to }, subject, text }), late]);
        return true;
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, 'a mail could not be sent');
        return false;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => transport.close(),
  };
}

/** What the mail server answers may repeat the address, or with a debugging relay the text. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const parts = [code, responseCode].filter((part) => typeof part === 'string' || typeof part === 'number');
  return parts.length > 0 ? parts.join(' ') : error.message;
}
