import type { Settee } from '../client-sync/index.ts';
import { useState } from 'react';
import { AccountPanel } from './account-panel.tsx';
import { ConflictList } from './conflict-list.tsx';
import { DeviceList } from './device-list.tsx';
import { FlowEditor } from './flow-editor.tsx';
import { FlowList } from './flow-list.tsx';
import { RefusedList } from './refused-list.tsx';
import { SyncIndicator } from './sync-indicator.tsx';

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
        <ConflictList settee={settee} />
        <RefusedList settee={settee} />
        {openFlow === null ? (
          <FlowList settee={settee} onOpen={setOpenFlow} />
        ) : (
          <FlowEditor key={openFlow} settee={settee} flowId={openFlow} onClose={() => setOpenFlow(null)} />
        )}
        <DeviceList settee={settee} />
      </main>
    </>
  );
}
