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
  /** What happens where the destination table is not there. CREATE_IF_NEEDED: Create if needed. CREATE_NEVER: Never create. The load fails. Default: "CREATE_IF_NEEDED". */
  readonly createDisposition: 'CREATE_IF_NEEDED' | 'CREATE_NEVER'
  /** Dataset of the tables, in place of the object type's. Every step uses it. Default: "". */
  readonly datasetId: string
  /** A BOOL column of the file; rows that have true here are removed from the target. The target need not have the column. Empty: none are removed. Default: "". */
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
  /** Columns that say which row of the target a row of the file is: a list, or names parted by commas. Empty: the primary key of the target. Not needed with an SQL command. Default: "". */
  readonly keyColumns: readonly string[] | string
  /** Where the jobs run. Empty: where the dataset is. Default: "". */
  readonly locationId: string
  /** So many rows that cannot be read are left out, and told in the outcome; one more fails the load. Default: 0. */
  readonly maxBadRecordsCSV: number
  /** So many rows that cannot be read are left out, and told in the outcome; one more fails the load. Default: 0. */
  readonly maxBadRecordsJSON: number
  /** Files that are worked on at the same time, at most. 1: one after another, so that the last file wins where two hold the same key. Changes of one table run one after another in any case. Default: 1. */
  readonly maxConcurrentJobs: number
  /** A field with this text is NULL. Default: "". */
  readonly nullMarker: string
  /** The table that the file goes into: datasets/DATASET/tables/TABLE. GENERIC: the options below name it. */
  readonly objectType: string
  /** Where several rows of the file have the same key, the one with the greatest value here wins. Empty: any one of them. The target need not have the column. Default: "". */
  readonly orderColumn: string
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
  /** How the name of the temporary table begins; the run and the document are added, so that no two meet. Empty: like the target. Default: "". */
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
