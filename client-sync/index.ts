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
export type {
  Account,
  AccountApi,
  AssetOwner,
  AssetsApi,
  Autosave,
  AutosaveState,
  Device,
  DevicesApi,
  Flow,
  FlowChange,
  FlowInput,
  FlowListResult,
  FlowQuery,
  FlowsApi,
  FlowVersion,
  ImportReport,
  Notice,
  RefusedApi,
  RefusedDocument,
  Settee,
  SetteeOptions,
  SettingsApi,
  StatusApi,
  SyncApi,
  SyncSettings,
  Unsubscribe,
  User,
  VersionsApi,
} from './types.ts';
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
