import type { Invitation } from '../spaces/invitations/invitations.ts';

const roleWords = { owner: 'an owner', editor: 'an editor', viewer: 'a viewer' } as const;

/** Where the web application lets somebody accept; after the #, so that the token is in no server's log. */
export function invitationLink(origin: string, token: string): string {
  return `${origin}/#/invitations/${token}`;
}

/** What the mail to somebody invited says. */
export function invitationMail(
  { email, space, role, expiresAt }: Invitation,
  { inviter, link }: { inviter: string; link: string },
): { to: string; subject: string; text: string } {
  const text = [
    `${inviter} invites you to "${space.name}" as ${roleWords[role]}.`,
    '',
    `To accept or decline, open this page; without an account you can make one there:`,
    link,
    '',
    `The link works once, and until ${expiresAt.slice(0, 16).replace('T', ' ')} UTC. Whoever has it can join: do not pass it on.`,
    'If you do not know what this is about, do nothing.',
    '',
  ];
  return { to: email, subject: `Invitation to "${space.name}"`, text: text.join('\n') };
}
