import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../server/config.ts';
import { createLog } from '../../../server/log.ts';
import { createMailer } from '../../../server/mail/create-mailer.ts';
import { limitRecipients } from '../../../server/mail/limit-recipients.ts';
import { createSmtpMailer } from '../../../server/mail/smtp-mailer.ts';

const lines: string[] = [];
const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
const publicUrl = 'https://flows.example.org';
const secret = 'https://flows.example.org/#/invitations/s3cr3t';
const mail = {
  to: 'ann@example.org',
  subject: 'Invitation to "Gärten"',
  text: `Open ${secret} to accept.\n`,
};

/** A mail server of the least kind: takes one mail a connection, or refuses recipients, or says nothing at all. */
interface TestMailServer {
  url: string;
  /** Commands, and the content of mails, as they came. */
  received: string[];
  manner: 'takes' | 'refuses' | 'silent';
  close(): Promise<void>;
}

async function startMailServer(): Promise<TestMailServer> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const state: { manner: TestMailServer['manner'] } = { manner: 'takes' };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    if (state.manner === 'silent') return;
    const say = (text: string): void => void socket.write(`${text}\r\n`);
    let isData = false;
    let rest = '';
    say('220 test');
    socket.on('data', (chunk) => {
      rest += chunk.toString();
      const parts = rest.split('\r\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        received.push(line);
        if (isData) {
          if (line !== '.') continue;
          isData = false;
          say('250 taken');
        } else if (/^EHLO/i.test(line)) say('250 test');
        else if (/^DATA/i.test(line)) {
          isData = true;
          say('354 go on');
        } else if (/^RCPT/i.test(line) && state.manner === 'refuses')
          say(`550 no such person; you sent ${secret}`);
        else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else say('250 ok');
      }
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    get manner() {
      return state.manner;
    },
    set manner(manner) {
      state.manner = manner;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let server: TestMailServer;

beforeEach(async () => {
  lines.length = 0;
  server = await startMailServer();
});
afterEach(() => server.close());

describe('the mailer', () => {
  it('hands a mail to the server that the configuration names', async () => {
    const from = 'Settee <settee@example.org>';
    const config = parseConfig({ SMTP_URL: server.url, MAIL_FROM: from, PUBLIC_URL: publicUrl });
    const mailer = createMailer(config, log);
    expect(await mailer.send(mail)).toBe(true);
    mailer.close();
    expect(server.received).toContain('MAIL FROM:<settee@example.org>');
    expect(server.received).toContain('RCPT TO:<ann@example.org>');
    expect(server.received).toContain('From: Settee <settee@example.org>');
    expect(server.received.join('\n')).toContain(secret);
    expect(lines.join()).not.toContain(secret);
  });

  it('sends to one person, whatever the address and the subject contain', async () => {
    const mailer = createSmtpMailer({ url: server.url, from: 'settee@example.org', log });
    const hostile = { ...mail, to: 'ann,bob@example.org', subject: 'Hello\r\nBcc: eve@example.org' };
    await mailer.send(hostile);
    mailer.close();
    const recipients = server.received.filter((line) => /^RCPT/i.test(line));
    expect(recipients.length).toBeLessThanOrEqual(1);
    expect(server.received.some((line) => /^Bcc:/i.test(line))).toBe(false);
    expect(recipients.join()).not.toContain('eve');
  });

  it('answers false where the server refuses, is silent or is not there, and logs nothing of the mail', async () => {
    const patient = { url: server.url, from: 'settee@example.org', log, patienceMilliseconds: 300 };
    for (const manner of ['refuses', 'silent'] as const) {
      server.manner = manner;
      const mailer = createSmtpMailer(patient);
      expect(await mailer.send(mail)).toBe(false);
      mailer.close();
    }
    const nowhere = createSmtpMailer({ ...patient, url: 'smtp://127.0.0.1:1' });
    expect(await nowhere.send(mail)).toBe(false);
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain(secret);
    expect(lines.join()).not.toContain('ann@');
  });

  it('sends nobody more than so many in a day, and says so', async () => {
    const mailer = limitRecipients(createSmtpMailer({ url: server.url, from: 'settee@example.org', log }), {
      log,
      perDay: 2,
    });
    const sent: boolean[] = [];
    for (const to of ['ann@example.org', 'Ann@example.org ', 'ann@example.org', 'bob@example.org']) {
      sent.push(await mailer.send({ ...mail, to }));
    }
    mailer.close();
    expect(sent).toEqual([true, true, false, true]);
    expect(lines.join()).not.toContain('ann@');
  });

  it('only notes that a mail would be sent where none is configured', async () => {
    expect(await createMailer(parseConfig({}), log).send(mail)).toBe(false);
    expect(lines.join()).toContain('SMTP_URL');
    expect(lines.join()).not.toContain(secret);
  });
});

describe('the configuration of mail', () => {
  it('needs the server and the sender together, in forms that can be used', () => {
    const wrong: Record<string, string>[] = [
      { SMTP_URL: 'smtp://mail.example.org' },
      { MAIL_FROM: 'settee@example.org' },
      { SMTP_URL: 'smtp://mail.example.org', MAIL_FROM: 'settee@example.org', PUBLIC_URL: '' },
      { SMTP_URL: 'https://mail.example.org', MAIL_FROM: 'settee@example.org' },
      { SMTP_URL: 'smtp://mail.example.org', MAIL_FROM: 'nobody' },
      { SMTP_URL: 'smtp://mail.example.org', MAIL_FROM: 'a@example.org\nBcc: eve@example.org' },
      { INVITATION_DAYS: '0' },
    ];
    for (const env of wrong) expect(() => parseConfig({ PUBLIC_URL: publicUrl, ...env })).toThrow();
    const secretUrl = 'smtps://user:pass%20word@mail.example.org';
    const { mail: parsed, invitationDays } = parseConfig({
      SMTP_URL: secretUrl,
      MAIL_FROM: 'settee@example.org',
      PUBLIC_URL: publicUrl,
    });
    expect(parsed).toEqual({ smtpUrl: secretUrl, from: 'settee@example.org' });
    expect(invitationDays).toBe(7);
  });
});
