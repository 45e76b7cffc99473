// The public door: re-exports only.

export { addMasterKey, createKeyFile, openKeyFile, parseMasterKeys } from './connection/store/keys.ts'
export { type ConnectorOptions, createConnector } from './connector.ts'
export type { Clock } from './contract/clock.ts'
export type {
  BrowseScope,
  Connection,
  ConnectionConfig,
  LookUpItem,
  LookUpList,
  LookUpPage,
  LookUpScope,
  ProfileScope,
  TestReport,
  TestScope,
  TestStep,
} from './contract/connection.ts'
export type {
  BindOptions,
  ConnectionExport,
  ConnectionName,
  ConnectionStore,
  ConnectionValues,
  CreateOptions,
  DropOptions,
  ImportedConnection,
  KeyService,
  MasterKey,
  OperationReference,
  PatchOptions,
  ReferenceScope,
  ResolvedConnection,
  ResolveOptions,
  SecretMark,
  StoredConnection,
  StoreOptions,
} from './contract/connection-store.ts'
export type { ConnectOptions, Connector, ProxyOptions, ResetOptions } from './contract/connector.ts'
export type { Consent, ConsentOptions, ConsentReset, GivenConsent } from './contract/consent.ts'
export type {
  AnswerDescriptor,
  ConnectionDescriptor,
  ConnectorDescriptor,
  ErrorDescriptor,
  OperationDescriptor,
  OperationFacts,
  OperationFactsVariant,
} from './contract/descriptor.ts'
export type { ByteSource, Document, DocumentSource, JsonObject } from './contract/document.ts'
export type { ObjectType, TableType } from './contract/object-type.ts'
export type {
  ExecuteOptions,
  GivenOptions,
  Histogram,
  Operation,
  OperationConfig,
  OperationId,
  Progress,
  ProgressSink,
  SpoolDamage,
  WritableOptions,
} from './contract/operation.ts'
export type { DeadLetter, JobStatistics, Outcome, OutcomeStatus, ServiceWarning } from './contract/outcome.ts'
export type { JsonSchema, Profile } from './contract/profile.ts'
export { lintDescriptor } from './descriptor/lint.ts'
export {
  ConnectorError,
  type ErrorCategory,
  type ErrorCode,
  type ErrorFacts,
  errorCatalogue,
  type Fault,
} from './errors.ts'
export { deadLetterOf } from './pipeline/dead-letter.ts'
export { type DeadLetterFile, openDeadLetterFile } from './pipeline/dead-letter-file.ts'
export { ProgressFeed } from './pipeline/progress-feed.ts'
export { type LetterLine, openReplayFile, type ReplayFile } from './pipeline/replay-file.ts'
