/** A message of plain text to one person. */
export interface Mail {
  /** An address alone, without a name. */
  to: string;
  subject: string;
  text: string;
}

/** Sends mail. Never logs what a mail says: it may carry a secret. */
export interface Mailer {
  /** False where it could not be handed over; never rejects, since nothing waits on a mail alone. */
  send(mail: Mail): Promise<boolean>;
  close(): void;
}
