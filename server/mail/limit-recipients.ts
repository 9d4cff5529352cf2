import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Log } from '../log.ts';
import type { Mailer } from './mailer.ts';

const daySeconds = 86_400;

/** Sends one address only so many mails a day: whoever invites names whom he likes, and it must not become a nuisance. */
export function limitRecipients(mailer: Mailer, { log, perDay = 10 }: { log: Log; perDay?: number }): Mailer {
  const sent = new RateLimiterMemory({ keyPrefix: 'mail', points: perDay, duration: daySeconds });
  return {
    async send(mail) {
      const isAllowed = await sent.consume(mail.to.trim().toLowerCase()).then(
        () => true,
        () => false,
      );
      if (isAllowed) return mailer.send(mail);
      log.warn({ perDay }, 'a mail was not sent: its recipient has had as many as one may get in a day');
      return false;
    },
    close: () => mailer.close(),
  };
}
