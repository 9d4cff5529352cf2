import { view, type View } from './view.ts';

/** Who may use which space, from the directory: key `userId`, value the role. */
export const directoryViews: Record<string, View> = {
  spaces_by_member: view(
    `if (doc.type !== 'space' || !doc.members) return;
    for (var member of Object.keys(doc.members)) {
      emit(member, doc.members[member]);
    }`,
  ),
};

/** What belongs to a user, from the accounts: key `[userId, type]`. */
export const accountsViews: Record<string, View> = {
  documents_by_user: view(
    "if (typeof doc.userId === 'string') emit([doc.userId, doc.type], null);",
    '_count',
  ),
};
