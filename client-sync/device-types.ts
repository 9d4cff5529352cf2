/** One browser. */
export interface Device {
  id: string;
  name: string;
  /** Whether it is this browser. */
  current: boolean;
  /** As the server recorded it; absent offline. */
  lastSyncAt?: string;
}

/** The user's browsers. */
export interface DevicesApi {
  list: () => Promise<Device[]>;
  /** Renames this browser. */
  rename: (name: string) => Promise<Device>;
  current: () => Device;
}
