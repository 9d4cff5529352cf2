import type { Log } from '../log.ts';
import type { Mailer } from './mailer.ts';

/** Where no mail server is configured: says that a mail would go out, and neither to whom nor what it says. */
export function createConsoleMailer({ log }: { log: Log }): Mailer {
  return {
    async send() {
      log.info('a mail would be sent: set SMTP_URL and MAIL_FROM, or pass the link on by hand');
      return false;
    },
    close() {},
  };
}
