// Named connections that are kept, sealed, and referred to by operations.
import type { TestReport, TestScope } from './connection.ts'

/** A component's values by field, as the descriptor of its kind names them. */
export type ConnectionValues = Readonly<Record<string, unknown>>

/** What is shown of a secret: never a part of it. */
export interface SecretMark {
  /** False where it must be entered again after an import. */
  readonly set: boolean
  /** `sealed`: kept here; `env:NAME` or `file:PATH`: looked up at use; `missing`: nowhere. */
  readonly source: string
}

/** A stored connection as anybody may see it. In `values`, each secret is a `SecretMark`. */
export interface StoredConnection {
  readonly name: string
  /** The connection kind: `bigquery`. */
  readonly kind: string
  /** 1 when created, and one more with each change. */
  readonly revision: number
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly values: ConnectionValues
  /** The values that replace those above in an environment such as `dev` or `prod`. */
  readonly environments?: Readonly<Record<string, ConnectionValues>>
  /** When the connection was created, and when this revision was written: ISO 8601. */
  readonly createdAt: string
  readonly updatedAt: string
  /** In a list: why this one cannot be read. Its name is in lower case then, and the rest is empty. */
  readonly fault?: string
}

/** Where relative `file:` references start. Default: the working directory. */
export interface ReferenceScope {
  readonly directory?: string
}

export interface CreateOptions extends ReferenceScope {
  /** Default: the connector's first kind. */
  readonly kind?: string
  /** What to do where the name is taken. `replace` keeps its references and environments. Default `error`. */
  readonly mode?: 'error' | 'replace' | 'ifNotExists'
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly environments?: Readonly<Record<string, ConnectionValues>>
}

export interface PatchOptions extends ReferenceScope {
  /** Refuses with `BQC_CONNECTION_CHANGED` unless this is the current revision. */
  readonly ifRevision?: number
  /** Changes what this environment overrides. An environment comes into being with its first change. */
  readonly environment?: string
  /** `''` clears it. */
  readonly description?: string
  /** A value of `null` clears a label. */
  readonly labels?: Readonly<Record<string, string | null>>
}

/** Names a connection: `toronto`, `toronto@3`, or that of a bound operation, `operation:ID`. */
export type ConnectionName = string

/**
 * A connection whose secrets are open, for `connector.connect`. Shows nothing of them: not in JSON, not to
 * `util.inspect`, and it has no property that holds one.
 */
export interface ResolvedConnection {
  readonly name: string
  readonly kind: string
  readonly revision: number
  readonly environment: string | undefined
}

export interface ResolveOptions {
  /** Default: that of the store. */
  readonly environment?: string
  /** Values that count instead of those stored, for this use alone. */
  readonly override?: ConnectionValues
  /** Values that count where none are stored. */
  readonly fallback?: ConnectionValues
}

export interface DropOptions {
  /** Drops it although operations refer to it; they are unbound. */
  readonly force?: boolean
  /** Resolves with `dropped: false` where there is no such connection. */
  readonly ifExists?: boolean
}

export interface BindOptions {
  /** Name of the stored connection. */
  readonly connection: string
  /**
   * `live`: the newest revision at each use. `pinned`: one revision, which is kept for it. `copied`: values of its
   * own, which outlive the connection. Default `live`.
   */
  readonly as?: 'live' | 'pinned' | 'copied'
  /** The revision to pin or copy. Default: the current one. */
  readonly revision?: number
}

/** The connection that an operation is bound to. */
export interface OperationReference {
  readonly operation: string
  readonly connection: string
  readonly as: 'live' | 'pinned' | 'copied'
  /** Pinned and copied: the revision that it has. */
  readonly revision?: number
  /** Absent where the connection is dropped. */
  readonly currentRevision?: number
  /** For people: `copied from toronto revision 3; its current revision is 5`. */
  readonly summary: string
}

/** Connections without their secrets, as JSON. */
export interface ConnectionExport {
  readonly format: string
  readonly connections: readonly Omit<StoredConnection, 'revision' | 'createdAt' | 'updatedAt'>[]
}

export interface ImportedConnection {
  readonly name: string
  /** False where `ifNotExists` found one. */
  readonly created: boolean
  /** The secrets that must be entered again before it can be used; of an environment as `prod: accessToken`. */
  readonly missing: readonly string[]
}

/** Holds named connections in one directory. Any number of processes may use it at once. */
export interface ConnectionStore {
  readonly directory: string
  /**
   * Keeps a connection under a name; secrets are sealed. All faults of the values are told at once.
   * @returns `created` is false where `ifNotExists` found one, which stays as it was.
   * @throws ConnectorError `BQC_CONFIG_INVALID`, `BQC_CONNECTION_EXISTS`, `BQC_STORE_KEY_MISSING`
   */
  create(
    name: string,
    values: ConnectionValues,
    options?: CreateOptions,
  ): Promise<StoredConnection & { readonly created: boolean }>
  /** @throws ConnectorError `BQC_CONNECTION_UNKNOWN` */
  describe(name: string): Promise<StoredConnection>
  /** By name. */
  list(): Promise<readonly StoredConnection[]>
  /**
   * Absent keeps a value, `null` clears it, anything else sets it.
   * @param changes `null` in place of them all removes the environment that the options name.
   * @throws ConnectorError `BQC_CONNECTION_CHANGED`, `BQC_CONFIG_INVALID`
   */
  patch(name: string, changes: ConnectionValues | null, options?: PatchOptions): Promise<StoredConnection>
  /** @throws ConnectorError `BQC_CONNECTION_IN_USE`, which lists the operations that refer to it. */
  drop(
    name: string,
    options?: DropOptions,
  ): Promise<{ readonly dropped: boolean; readonly unbound: readonly string[] }>
  /** The only call that opens secrets. */
  resolve(name: ConnectionName, options?: ResolveOptions): Promise<ResolvedConnection>
  /** Tries a stored connection, or values that are not stored. Never throws. */
  test(
    connection: ConnectionName | ConnectionValues,
    options?: ResolveOptions & ReferenceScope & TestScope,
  ): Promise<TestReport>
  /** Connections without their secrets: those named, or all. References such as `env:NAME` stay. */
  export(names?: readonly string[]): Promise<ConnectionExport>
  /** Keeps what `export` gave. */
  import(
    document: ConnectionExport,
    options?: ReferenceScope & Pick<CreateOptions, 'mode'>,
  ): Promise<readonly ImportedConnection[]>
  /** Seals everything under the current key that is sealed under another one, which is not needed any more then. */
  rotate(): Promise<{ readonly resealed: number; readonly kid: string }>
  /** Binds an operation, by the host's id of it, to a connection. A former reference of it is replaced. */
  bind(operation: string, options: BindOptions): Promise<OperationReference>
  unbind(operation: string): Promise<{ readonly unbound: boolean }>
  /** The operations that refer to a connection, or to any. */
  references(connection?: string): Promise<readonly OperationReference[]>
}

/** A key that secrets are sealed with. */
export interface MasterKey {
  /** Stands readable beside what is sealed, and finds the key again. */
  readonly kid: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

/**
 * Where master keys come from. A key management service fits: it makes and wraps a key in `current`, gives the
 * wrapped key as `kid`, and unwraps it in `byKid`.
 */
export interface KeyService {
  /** The key to seal with now. */
  current(): Promise<MasterKey>
  /** The key that was current under this id; `undefined` when it is not there any more. */
  byKid(kid: string): Promise<Uint8Array | undefined>
}

export interface StoreOptions {
  /** Made when the first connection is created, for its owner alone. */
  readonly directory: string
  readonly keys: KeyService
  /** The environment that connections are resolved for, such as `prod`. Default: none. */
  readonly environment?: string
}
