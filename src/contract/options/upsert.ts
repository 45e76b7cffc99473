// Written from descriptors/operations/upsert.json by `npm run generate`.
/** The options of Upsert, resolved. */
export interface UpsertOptions {
  /** A row may lack its last fields; they are NULL. Default: false. */
  readonly allowJaggedRows: boolean
  /** A quoted field may go over several lines. Default: false. */
  readonly allowQuotedNewlines: boolean
  /** BigQuery guesses the columns from the file, in place of the table schema. Default: false. */
  readonly autodetectCSV: boolean
  /** BigQuery guesses the columns from the file, in place of the table schema. Default: false. */
  readonly autodetectJSON: boolean
  /** Milliseconds that a document waits at most for its batch to fill. While a batch is merged, those behind it go on filling. Longer: fewer jobs, later outcomes. Default: 10000. */
  readonly batchAgeMs: number
  /** Bytes of a batch at most, as it is loaded. Default: 33554432. */
  readonly batchBytes: number
  /** Documents of a batch at most. Each batch costs a load job, of which a project has 100,000 a day, and a MERGE, which is charged for the size of the target. Default: 100000. */
  readonly batchCount: number
  /** Bytes of documents taken whose outcome has not been handed on. When it is spent, what was gathered is sent, and the source waits. Default: 268435456. */
  readonly budgetBytes: number
  /** What becomes of columns that a document does not name. given: Only those given. They keep their values; in a new row they have their defaults, else NULL. A column that is null in the document becomes NULL. all: The whole row. The document is the whole row: columns without a value get their defaults, else NULL. Default: "given". */
  readonly columns: 'given' | 'all'
  /** What happens where the destination table is not there. CREATE_IF_NEEDED: Create if needed. CREATE_NEVER: Never create. The load fails. Default: "CREATE_IF_NEEDED". */
  readonly createDisposition: 'CREATE_IF_NEEDED' | 'CREATE_NEVER'
  /** Dataset of the tables, in place of the object type's. Every step uses it. Default: "". */
  readonly datasetId: string
  /** A BOOL column of the file or the documents; rows that have true here are removed from the target. The target need not have the column. Empty: none are removed. Default: "". */
  readonly deleteColumn: string
  /** Whether the temporary table is removed at the end. DELETE_ALWAYS_VALUE: Always. Also when the load or the SQL fails, or the execution is stopped. DELETE_IF_SUCCESS_VALUE: If the SQL succeeds. NO_DELETE_VALUE: Never. BigQuery removes it when its lifetime is over. Default: "DELETE_ALWAYS_VALUE". */
  readonly deleteTempTableAfterQuery: 'DELETE_ALWAYS_VALUE' | 'DELETE_IF_SUCCESS_VALUE' | 'NO_DELETE_VALUE'
  /** The table that the file is loaded into. Empty: the object type's. Default: "". */
  readonly destinationTableForLoad: string
  /** Reads the logical type LIST as a repeated column, without levels between. Default: false. */
  readonly enableListInference: boolean
  /** Character set of a text file. Default: "UTF-8". */
  readonly encoding: 'UTF-8' | 'ISO-8859-1'
  /** Reads the logical type ENUM as STRING, in place of BYTES. Default: false. */
  readonly enumAsString: boolean
  /** What stands between two fields: one character; \t or tab for a tabulator. Default: ",". */
  readonly fieldDelimiter: string
  /** What a document is. file: A file. A whole file: CSV, JSON lines, Parquet, Avro or ORC. It is loaded and merged by itself. documents: A row. A row, or some columns of one, as JSON. Documents are gathered into batches; each batch is loaded and merged by key. Default: "file". */
  readonly input: 'file' | 'documents'
  /** Columns that say which row of the target is meant: a list, or names parted by commas. NULL is a value like any other. Empty: the primary key of the target. Not needed with an SQL command. Default: "". */
  readonly keyColumns: readonly string[] | string
  /** Where the jobs run. Empty: where the dataset is. Default: "". */
  readonly locationId: string
  /** How often a batch is tried at most that fails for a reason which time heals. Its jobs and requests have attempts of their own within each. Default: 5. */
  readonly maxAttempts: number
  /** So many rows that cannot be read are left out, and told in the outcome; one more fails the load. Default: 0. */
  readonly maxBadRecordsCSV: number
  /** So many rows that cannot be read are left out, and told in the outcome; one more fails the load. Default: 0. */
  readonly maxBadRecordsJSON: number
  /** Files that are worked on at the same time, at most. 1: one after another, so that the last file wins where two hold the same key. Changes of one table run one after another in any case. Default: 1. */
  readonly maxConcurrentJobs: number
  /** A field with this text is NULL. Default: "". */
  readonly nullMarker: string
  /** The table that the rows go into: datasets/DATASET/tables/TABLE. GENERIC: the options below name it, or the documents. */
  readonly objectType: string
  /** Of several rows with the same key the one with the greatest value here wins, and a row that is older than the target's changes and removes nothing. Documents must have a value here; empty, their own order counts. In a file NULL is older than every value; empty, any one of several rows counts. Only for files the target may lack the column: then it chooses among the rows of the file alone. Default: "". */
  readonly orderColumn: string
  /** document: outcomes come in the order of the documents. settled: as they settle, so that a target that pauses holds up no other. Default: "document". */
  readonly outcomeOrder: 'document' | 'settled'
  /** Project of the tables and the jobs, where it is not the connection's. */
  readonly projectIdOverride?: string
  /** What encloses a field that holds delimiters. Empty: nothing does. Default: "\"". */
  readonly quote: string
  /** Milliseconds to wait for each of the jobs; -1 waits for ever. A job that is not done by then is cancelled. Default: 3600000. */
  readonly requestTimeout: number
  /** On: a document that is refused has its outcome, and work goes on. Off: no document is taken after the first one that is refused; what was taken gets its outcome, and the execution ends with an error that names it. Default: true. */
  readonly returnApplicationErrors: boolean
  /** On: the file is loaded into a temporary table, and SQL takes it from there into the target. Off: it is loaded into the destination table itself. Default: true. */
  readonly runSqlAfterLoad: boolean
  /** Rows at the beginning that are no data, such as a header. Empty: none; where the schema is autodetected, BigQuery looks for a header itself. */
  readonly skipLeadingRows?: number
  /** What the file is. CSV: CSV. NEWLINE_DELIMITED_JSON: JSON, one object a line. PARQUET: Parquet. AVRO: Avro. ORC: ORC. Default: "CSV". */
  readonly sourceFormat: 'CSV' | 'NEWLINE_DELIMITED_JSON' | 'PARQUET' | 'AVRO' | 'ORC'
  /** SQL that is run after the load; $LOAD_TARGET_TABLE and $QUERY_TARGET_TABLE stand for the temporary table and the target. Empty: a MERGE by the key columns. Default: "". */
  readonly sqlCommand: string
  /** Columns of a text file, as JSON: {"fields": [...]}. Empty: those of the target. Other files tell their columns themselves. Default: "". */
  readonly tableSchema: string
  /** The table that the SQL changes. Empty: the object type's. Default: "". */
  readonly targetTableForQuery: string
  /** How the name of a temporary table begins; the run and a number are added, so that no two meet. Empty: like the target. Default: "". */
  readonly temporaryTableForLoad: string
  /** After so many hours BigQuery removes the temporary table by itself: after a crash, or where it is not deleted. Default: 24. */
  readonly temporaryTableHours: number
  /** Reads logical types as their BigQuery types (TIMESTAMP, DATE, ...), in place of their raw ones (INTEGER, ...). Default: true. */
  readonly useAvroLogicalTypes: boolean
  /** The SQL command is written in legacy SQL. Default: false. */
  readonly useLegacySql: boolean
  /** What becomes of rows that the destination table has already. A temporary table has none. WRITE_TRUNCATE: Truncate. They are replaced. WRITE_APPEND: Append. They stay. WRITE_EMPTY: Fail if not empty. The load fails. Default: "WRITE_APPEND". */
  readonly writeDisposition: 'WRITE_TRUNCATE' | 'WRITE_APPEND' | 'WRITE_EMPTY'
}
