import type { Settee } from '../client-sync/index.ts';
import { useState } from 'react';
import { AccountPanel } from './account-panel.tsx';
import { ConflictList } from './conflict-list.tsx';
import { DeviceList } from './device-list.tsx';
import { FlowEditor } from './flow-editor.tsx';
import { FlowList } from './flow-list.tsx';
import { InvitationPanel } from './invitation-panel.tsx';
import { NoticeList } from './notice-list.tsx';
import { RefusedList } from './refused-list.tsx';
import { SpaceList } from './space-list.tsx';
import { SyncIndicator } from './sync-indicator.tsx';
import { TemplateList } from './template-list.tsx';

/** The first page: a person's flows, live, with what sync is doing in plain sight. */
export function App({ settee }: { settee: Settee }) {
  const [openFlow, setOpenFlow] = useState<string | null>(null);
  return (
    <>
      <header>
        <h1>Settee</h1>
        <SyncIndicator settee={settee} />
        <div className="right">
          <AccountPanel settee={settee} />
        </div>
      </header>
      <main>
        <InvitationPanel settee={settee} />
        <NoticeList settee={settee} />
        <ConflictList settee={settee} />
        <RefusedList settee={settee} />
        {openFlow === null ? (
          <FlowList settee={settee} onOpen={setOpenFlow} />
        ) : (
          <FlowEditor key={openFlow} settee={settee} flowId={openFlow} onClose={() => setOpenFlow(null)} />
        )}
        <SpaceList settee={settee} />
        <TemplateList settee={settee} onOpen={setOpenFlow} />
        <DeviceList settee={settee} />
      </main>
    </>
  );
}
