/** Says that the user's time in the space is over, which is no refusal of what was sent. */
export async function assertMember(response: Response): Promise<void> {
  const { code, reason } = (await response.json().catch(() => ({}))) as { code?: string; reason?: string };
  if (code !== 'membership_ended' && code !== 'space_deleted') return;
  throw Object.assign(new Error(reason ?? 'You are no member of this space.'), {
    status: 403,
    name: code,
    code,
  });
}

/** Whether the space is the user's no more, by its own word. */
export function isSpaceEnd(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'membership_ended' || code === 'space_deleted';
}
