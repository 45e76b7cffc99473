// The one error class of the connector, and the catalogue of its codes. Category decides behaviour, code
// decides documentation, text is for people. Only bigquery/classify.ts looks into texts, of BigQuery's own.

/** What kind of remedy an error asks for. */
export type ErrorCategory = 'config' | 'document' | 'transient' | 'internal'

/**
 * Every stable error code: its category, what has happened, and what to do next.
 *
 * - `config`: a person must change something (an option, a key, a right, a table).
 * - `document`: this one document is at fault; its neighbours are not.
 * - `transient`: time may heal it; retries were used up.
 * - `internal`: our fault, or an answer that nobody should give.
 */
export const errorCatalogue = {
  BQC_ABORTED: {
    category: 'transient',
    meaning: 'The execution was stopped before this was done.',
    advice: 'Send it again; look first whether a job that was started goes on.',
  },
  BQC_ACCESS_DENIED: {
    category: 'config',
    meaning: 'The account of the connection lacks a right, or the project has no billing.',
    advice: 'Grant the right that the message names to the account of the connection.',
  },
  BQC_CHANGED_MEANWHILE: {
    category: 'document',
    meaning: 'Somebody has changed the table since the state that the document names by its etag.',
    advice: 'Read the table again, and make the change from what it is now.',
  },
  BQC_CLOCK_SKEWED: {
    category: 'config',
    meaning: 'The clock of this machine differs too much from that of the token endpoint.',
    advice: 'Set the clock of this machine, best by a time service.',
  },
  BQC_CONFIG_INVALID: {
    category: 'config',
    meaning: 'An option, an argument or a field of the connection is missing or not allowed.',
    advice: 'Correct what the message names.',
  },
  BQC_CONNECTION_CHANGED: {
    category: 'config',
    meaning: 'Somebody else has changed the stored connection meanwhile.',
    advice: 'Read it again, and repeat the change.',
  },
  BQC_CONNECTION_CLOSED: {
    category: 'config',
    meaning: 'The connection had been closed already.',
    advice: 'Open a new one.',
  },
  BQC_CONNECTION_EXISTS: {
    category: 'config',
    meaning: 'There is a stored connection of that name already.',
    advice: 'Choose another name, or replace it.',
  },
  BQC_CONNECTION_INCOMPLETE: {
    category: 'config',
    meaning: 'The stored connection came without its secrets.',
    advice: 'Enter the secrets that the message names.',
  },
  BQC_CONNECTION_IN_USE: {
    category: 'config',
    meaning: 'Operations refer to the stored connection.',
    advice: 'Bind them to another one first, or drop it by force.',
  },
  BQC_CONNECTION_UNKNOWN: {
    category: 'config',
    meaning: 'There is no stored connection of that name or revision.',
    advice: 'Check the name, and the directory of the store.',
  },
  BQC_CONSENT_NEEDED: {
    category: 'config',
    meaning: 'Nobody has consented yet, or the consent was withdrawn or has ended.',
    advice: 'Ask for consent: bqc connection authorize, or Generate in the form of the connection.',
  },
  BQC_CONSENT_REFUSED: {
    category: 'config',
    meaning: 'Consent was asked for, and what came back was none that can be used; the reason says why.',
    advice: 'Ask for consent again, and answer Allow on the page that opens, within 15 minutes.',
  },
  BQC_DESTINATION_GIVEN_UP: {
    category: 'transient',
    meaning:
      'The table has taken nothing for so long that its documents are not sent. One batch tries again from time to time.',
    advice: 'Remove what the reason names, and send the documents again later.',
  },
  BQC_DESTINATION_INVALID: {
    category: 'document',
    meaning: 'The properties of the document name no table that there could be.',
    advice: 'Correct the properties that the faults name.',
  },
  BQC_DOCUMENT_INVALID: {
    category: 'document',
    meaning: 'The document does not fit the table or the operation. Nothing was sent.',
    advice: 'Correct the fields that the faults name.',
  },
  BQC_DOCUMENT_NOT_JSON: {
    category: 'document',
    meaning: 'The text of the document is not JSON, or its bytes are not UTF-8.',
    advice: 'Correct the text.',
  },
  BQC_DOCUMENT_NOT_OBJECT: {
    category: 'document',
    meaning: 'The document is JSON, but no object.',
    advice: 'Send an object with a field for each column.',
  },
  BQC_DOCUMENT_REFUSED: {
    category: 'document',
    meaning:
      'A document was refused, and the operation stops at the first one: returnApplicationErrors is off.',
    advice: 'Correct the document, and send it and those after it again.',
  },
  BQC_DOCUMENT_TOO_LARGE: {
    category: 'document',
    meaning: 'The document alone is larger than a request may be.',
    advice: 'Shorten it, or load it with a load job.',
  },
  BQC_ENDPOINT_UNKNOWN: {
    category: 'config',
    meaning: 'There is no host of the name that the endpoint has.',
    advice: 'Check the endpoint of the connection.',
  },
  BQC_INPUT_UNREADABLE: {
    category: 'config',
    meaning: 'A file that the command reads is missing, damaged or not JSON.',
    advice: 'Check its path and its content.',
  },
  BQC_INSERT_DENIED: {
    category: 'config',
    meaning: 'The account of the connection may not insert rows into the table.',
    advice:
      'Grant it bigquery.tables.updateData on the table or its dataset, for example by the role roles/bigquery.dataEditor.',
  },
  BQC_INTERNAL: {
    category: 'internal',
    meaning: 'The connector itself is at fault.',
    advice: 'Please report it.',
  },
  BQC_JOBS_DENIED: {
    category: 'config',
    meaning: 'The account of the connection may not run jobs in the project.',
    advice:
      'Grant it bigquery.jobs.create in the project, for example by the role roles/bigquery.jobUser, and check the project ID. Inserting rows does without.',
  },
  BQC_JOB_FAILED: {
    category: 'document',
    meaning: 'BigQuery ran the job, and it failed.',
    advice: 'Read the errors of the job in the payload, and correct its statement.',
  },
  BQC_JOB_TIMEOUT: {
    category: 'document',
    meaning: 'The job was not done in the time allowed. It goes on, unless it was cancelled.',
    advice: 'Look at the job again, or allow more time.',
  },
  BQC_KEY_INVALID: {
    category: 'config',
    meaning: 'The private key of the connection is none that can sign.',
    advice: 'Use the JSON key file or the P12 file as Google gives it, or the key as PEM text.',
  },
  BQC_NAME_UNKNOWN: {
    category: 'document',
    meaning: 'There is no job or table of the name that the document gives.',
    advice: 'Correct the name in the document, or the project and location beside it.',
  },
  BQC_NETWORK: {
    category: 'transient',
    meaning: 'No answer came, or none that BigQuery gives. What was done there is unknown.',
    advice: 'Check the network and the endpoint.',
  },
  BQC_NOT_FOUND: {
    category: 'config',
    meaning: 'There is no project, dataset, table or job of that name, or not yet.',
    advice: 'Check the names, and the project and location of the connection.',
  },
  BQC_OUTPUT_UNWRITABLE: {
    category: 'config',
    meaning: 'A file, such as that of dead letters, cannot be written.',
    advice: 'Make room for it, or choose another path.',
  },
  BQC_PORT_IN_USE: {
    category: 'config',
    meaning: 'The port for the embedded BigQuery is taken.',
    advice: 'Choose another port; 0 takes any free one.',
  },
  BQC_PROJECT_UNREACHABLE: {
    category: 'config',
    meaning: 'There is no such project, or it is closed to the account of the connection.',
    advice:
      'Check the project ID (it is not always the name), that the BigQuery API is enabled there, and the quota project.',
  },
  BQC_PROPERTY_INVALID: {
    category: 'document',
    meaning: 'A property of the document is not what the option of its name allows.',
    advice: 'Correct the properties that the faults name.',
  },
  BQC_PROXY_REFUSED: {
    category: 'config',
    meaning: 'The proxy does not pass requests on to the endpoint.',
    advice: "Check the user and password in the proxy's address, and which hosts the proxy allows.",
  },
  BQC_QUOTA_EXCEEDED: {
    category: 'transient',
    meaning: 'A quota or a rate limit of BigQuery was exceeded, and stayed so.',
    advice: 'Send less at a time, or ask Google for a higher quota.',
  },
  BQC_READ_DENIED: {
    category: 'config',
    meaning: 'The account of the connection may not read the table, or list the tables of the dataset.',
    advice:
      'Grant it bigquery.tables.getData, for example by the role roles/bigquery.dataViewer on the dataset. Views are read by jobs, and need bigquery.jobs.create too.',
  },
  BQC_REQUEST_REFUSED: {
    category: 'document',
    meaning:
      'BigQuery refused what was asked. Rows sent together are halved until the one at fault is alone.',
    advice: 'Correct what the message names.',
  },
  BQC_REQUEST_TOO_LARGE: {
    category: 'document',
    meaning: 'BigQuery takes no request of this size, even with one document.',
    advice: 'Shorten the document, or load it with a load job.',
  },
  BQC_RESPONSE_UNREADABLE: {
    category: 'internal',
    meaning: 'The answer makes no sense. What was done is unknown.',
    advice: 'Check whether the endpoint, and a proxy on the way to it, are what they should be.',
  },
  BQC_ROW_REFUSED: {
    category: 'document',
    meaning: 'BigQuery refused this row.',
    advice: 'Correct the fields that the faults name.',
  },
  BQC_SECRET_UNAVAILABLE: {
    category: 'config',
    meaning: 'A secret refers to a variable or a file that is not there.',
    advice: 'Provide it, or change the reference.',
  },
  BQC_SERVICE_UNAVAILABLE: {
    category: 'transient',
    meaning: 'BigQuery was in trouble, and stayed so.',
    advice: 'Send it again later.',
  },
  BQC_SIGN_IN_REFUSED: {
    category: 'config',
    meaning: 'The token endpoint issued no token.',
    advice: 'Check that the credentials of the connection are still valid.',
  },
  BQC_SPOOL_IN_USE: {
    category: 'config',
    meaning: 'The spool directory serves another execution.',
    advice: 'Wait until it has ended, or give this one a directory of its own.',
  },
  BQC_STORE_KEY_INVALID: {
    category: 'config',
    meaning: 'A master key of the connection store is malformed, or its file is open to others.',
    advice: 'Correct what the message names.',
  },
  BQC_STORE_KEY_MISSING: {
    category: 'config',
    meaning: 'The master key that a stored connection is sealed with was not given.',
    advice: 'Give that key too, or enter the secrets again.',
  },
  BQC_STORE_SEAL_BROKEN: {
    category: 'config',
    meaning: 'A stored connection is not as the store wrote it: changed, damaged or moved.',
    advice: 'Restore its file, or create it again.',
  },
  BQC_TABLE_TOO_NEW: {
    category: 'transient',
    meaning: 'The table is there, but too new to be inserted into, which may take minutes.',
    advice: 'Raise newTableWaitMs, or send the documents again later.',
  },
  BQC_UNAUTHENTICATED: {
    category: 'config',
    meaning: 'BigQuery did not accept the token, not even a new one.',
    advice: 'Check the credentials of the connection.',
  },
  BQC_UPLOAD_LOST: {
    category: 'transient',
    meaning:
      'BigQuery has forgotten a file that was being uploaded, and the file cannot be read from its beginning again.',
    advice: 'Send the document again; give the file as bytes, or as a source that can be opened again.',
  },
} as const

/** A stable error code; switch on it. */
export type ErrorCode = keyof typeof errorCatalogue

/** One thing wrong with one value: of a configuration, or of a document. */
export interface Fault {
  /** JSON pointer to the value, `''` for the whole; for example `/items/0/price`. */
  readonly path: string
  /** The value found, shortened to 200 characters; absent when nothing was there, or when it is a secret. */
  readonly value?: unknown
  /** What is wrong and what is allowed, as a clause: `must be a whole number from 1 to 50000`. */
  readonly message: string
}

/** The facts of an error, beside its text. */
export interface ErrorFacts {
  /** All faults found, in the order of their appearance. */
  readonly faults?: readonly Fault[]
  /** HTTP status of the service's answer, when there was one. */
  readonly httpStatus?: number
  /** BigQuery's own reason (`invalid`, `quotaExceeded`, ...) or the token endpoint's error code. */
  readonly reason?: string
  /** The service's answer or the last job resource, for an outcome's payload. */
  readonly payload?: unknown
  /** How long the service asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** Every error that leaves the connector. The message says what happened, to which thing, and what to do next. */
export class ConnectorError extends Error {
  readonly code: ErrorCode
  readonly category: ErrorCategory
  readonly faults: readonly Fault[]
  readonly httpStatus: number | undefined
  readonly reason: string | undefined
  readonly payload: unknown
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'ConnectorError'
    this.code = code
    this.category = errorCatalogue[code].category
    this.faults = facts.faults ?? []
    this.httpStatus = facts.httpStatus
    this.reason = facts.reason
    this.payload = facts.payload
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** Any thrown value as a `ConnectorError`; what nobody foresaw becomes `BQC_INTERNAL` with its cause kept. */
export function asConnectorError(thrown: unknown): ConnectorError {
  if (thrown instanceof ConnectorError) return thrown
  const { meaning, advice } = errorCatalogue.BQC_INTERNAL
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return new ConnectorError('BQC_INTERNAL', `${text}. ${meaning} ${advice}`, {
    cause: thrown,
  })
}

/** What `act` gives; `undefined` when it throws: the trouble of whoever looks on is none of the documents'. */
export function quietly<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
