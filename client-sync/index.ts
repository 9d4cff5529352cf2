export { syncOnce, type SyncOnceOptions } from './background/sync-once.ts';
export { createSettee } from './create-settee.ts';
export {
  OfflineError,
  SetteeClientError,
  SignedOutError,
  UnpushedChangesError,
  type SetteeErrorCode,
} from './errors.ts';
export type { Environment, KeyValueStore, Locks, TabChannel } from './environment.ts';
export type { PouchAdapter } from './pouch/open-pouch.ts';
export type { SpaceSyncStatus, SyncProgress, SyncState, SyncStatus } from './status/sync-status.ts';
export type {
  CreatedInvitation,
  FlowSharing,
  InvitationPreview,
  Member,
  Notice,
  NoticesApi,
  PendingInvitation,
  ShareWith,
  SpaceAnswer,
  SpaceRole,
  SpacesApi,
  SpaceSummary,
  Template,
  TemplateList,
} from './space-types.ts';
export type { FlowInput } from '../flow/index.ts';
export type { Account, AccountApi, User } from './account-types.ts';
export type { AssetOwner, AssetsApi } from './asset-types.ts';
export type { Device, DevicesApi } from './device-types.ts';
export type {
  Autosave,
  AutosaveState,
  Flow,
  FlowChange,
  FlowListResult,
  FlowQuery,
  FlowsApi,
  FlowVersion,
  VersionsApi,
} from './flow-types.ts';
export type { ImportReport, Settee, SetteeOptions } from './settee-types.ts';
export type { Unsubscribe } from './signal.ts';
export type {
  RefusedApi,
  RefusedDocument,
  SettingsApi,
  StatusApi,
  SyncApi,
  SyncSettings,
} from './sync-types.ts';
export type {
  Execution,
  ExecutionEnd,
  ExecutionListResult,
  ExecutionQuery,
  ExecutionResult,
  ExecutionsApi,
  ExecutionStart,
} from './execution-types.ts';
export type { Conflict, ConflictChoice, ConflictLeaf, ConflictsApi } from './conflict-types.ts';
