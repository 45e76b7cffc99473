// Written from descriptors/operations/streaming-insert.json by `npm run generate`.
/** The options of Streaming Insert, resolved. */
export interface StreamingInsertOptions {
  /** Milliseconds that a row waits at most for its batch to fill. Longer: fuller requests, later outcomes. Default: 200. */
  readonly batchAgeMs: number
  /** Bytes of a request at most, its envelope included. BigQuery refuses more than 10 MB. Default: 9437184. */
  readonly batchBytes: number
  /** Rows in a request at most. BigQuery recommends 500 and refuses more than 50,000. Fewer for a while after a request was too large or a quota was exceeded. Default: 500. */
  readonly batchCount: number
  /** Bytes of documents taken whose outcome has not been handed on. When it is spent, the source waits. Default: 67108864. */
  readonly budgetBytes: number
  /** Dataset of the table, in place of the object type's. Default: "". */
  readonly datasetId: string
  /** Gives each row an insertId, kept through every retry, by which BigQuery drops a row that it has already. Off: a retry after a lost answer may store rows twice, but BigQuery allows more bytes a second. Default: true. */
  readonly generateInsertId: boolean
  /** Compresses requests, beside the main thread. Limits of a request count its bytes before compression. auto: Where the endpoint is not on this machine. always: Always. never: Never. Default: "auto". */
  readonly gzip: 'auto' | 'always' | 'never'
  /** Stores a row without the values that the table has no field for, instead of refusing it. Default: false. */
  readonly ignoreUnknownValues: boolean
  /** Where a row's insertId comes from. Empty: a random prefix and a counter. id: the document's id. A JSON pointer (/order/number): that field's value, text or a number. A document without it is refused, and one with more than 128 characters. The document property insertId goes before it. Default: "". */
  readonly insertIdFrom: string
  /** Requests at most that the service may fail for the same rows, the first included. Waits double from 1 s to 32 s. A quota error counts only while the table takes nothing else. A table that takes nothing meanwhile is given up: its documents fail at once, and one batch tries again from time to time. Default: 8. */
  readonly maxAttempts: number
  /** Requests on the wire at most, of all destinations together. How many a destination gets follows what it takes: fewer after a refusal or when its answers slow down, then slowly more again. Default: 16. */
  readonly maxInFlight: number
  /** Milliseconds that rows wait for a table that is there, but too new to be inserted into. BigQuery may need some minutes. Default: 120000. */
  readonly newTableWaitMs: number
  /** The table, or DYNAMIC: each document names its table by its properties datasetId and tableId. */
  readonly objectType: string
  /** In which order outcomes are handed on. document: Of the documents. Outcomes wait for a table that pauses. settled: As they settle. A table that pauses holds up no other; when its documents fill half of the budget, it is given up. Default: "document". */
  readonly outcomeOrder: 'document' | 'settled'
  /** Project of the table, where it is not the connection's. */
  readonly projectIdOverride?: string
  /** Milliseconds that a request waits for its answer to begin, and to go on. Then it is sent again. Empty: the connection's. */
  readonly requestTimeout?: number
  /** On: a document that is refused has its outcome, and work goes on. Off: no document is taken after the first one that is refused; what was taken gets its outcome, and the execution ends with an error that names it. Default: true. */
  readonly returnApplicationErrors: boolean
  /** Tells BigQuery to store the valid rows of a request that has invalid ones. When off, the connector sends the valid rows again itself; either way a bad row harms no other. Default: false. */
  readonly skipInvalidRows: boolean
  /** A directory that keeps each document until its outcome is handed on, so that a crash loses none: the next execution with it sends them first, under the same insertIds. One execution at a time. Empty: documents are in memory only. Default: "". */
  readonly spool: string
  /** Bytes that the spool takes on the disk at most. When it is full, the source waits. A document that is larger is refused. Files kept as .damaged do not count. Default: 1073741824. */
  readonly spoolBytes: number
  /** Name of the table, in place of the object type's. DYNAMIC: for documents that do not name one. Default: "". */
  readonly tableId: string
  /** Rows go to the table named TABLE + suffix, which BigQuery creates with the schema of TABLE. Default: "". */
  readonly templateSuffix: string
  /** Who checks documents before they are stored. local: The connector. Each document is checked against the table before it is sent, and every fault is told with its path. service: BigQuery. Faster: documents that are JSON text or bytes are not even parsed. A malformed one still harms no other. Objects are written as JSON.stringify writes them: no bigints, bytes as text. Default: "local". */
  readonly validation: 'local' | 'service'
}
