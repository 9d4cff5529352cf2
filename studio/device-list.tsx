import type { Device, Settee } from '../client-sync/index.ts';
import { useCallback, useEffect, useState } from 'react';
import { ErrorLine } from './error-line.tsx';
import { useAction, useWatch } from './use-live.ts';

/** The person's browsers, this one first to be renamed. */
export function DeviceList({ settee }: { settee: Settee }) {
  const [devices, setDevices] = useState<Device[]>([]);
  const { error, run } = useAction();
  const account = useWatch(settee.account.current(), (listener) => settee.account.subscribe(listener), [
    settee,
  ]);
  const refresh = useCallback(async () => setDevices(await settee.devices.list()), [settee]);
  useEffect(() => {
    const look = () => run(refresh);
    look();
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, [run, refresh, account]);
  return (
    <section aria-label="Devices">
      <div className="row">
        <h2>Devices</h2>
        <button type="button" onClick={() => run(refresh)}>
          Refresh
        </button>
      </div>
      <ul>
        {devices.map((device) => (
          <li key={device.id} className="row">
            <span>{device.name}</span>
            {device.current && <span className="quiet">this browser</span>}
            {device.lastSyncAt && (
              <span className="quiet">last sync {new Date(device.lastSyncAt).toLocaleString()}</span>
            )}
            {device.current && (
              <button
                type="button"
                onClick={() => {
                  const name = window.prompt('Name of this browser', device.name);
                  if (name) run(() => settee.devices.rename(name).then(refresh));
                }}
              >
                Rename
              </button>
            )}
          </li>
        ))}
      </ul>
      <ErrorLine error={error} />
    </section>
  );
}
