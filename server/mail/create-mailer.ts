import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { createConsoleMailer } from './console-mailer.ts';
import type { Mailer } from './mailer.ts';
import { limitRecipients } from './limit-recipients.ts';
import { createSmtpMailer } from './smtp-mailer.ts';

/** The mailer that the configuration asks for. */
export function createMailer({ mail }: Pick<Config, 'mail'>, log: Log): Mailer {
  if (!mail) return createConsoleMailer({ log });
  return limitRecipients(createSmtpMailer({ url: mail.smtpUrl, from: mail.from, log }), { log });
}
