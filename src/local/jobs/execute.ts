// Runs what a query job asks for: one statement or a script, in the job's own connection.
import { randomUUID } from 'node:crypto'
import { demand } from '../auth/rights.ts'
import { compileExpression, compileRows, compileStatement, contextOf } from '../sql/compile.ts'
import { type BoundParameter, bindParameters } from '../sql/parameters.ts'
import { namePositional } from '../sql/positional.ts'
import type { Statement as Context } from '../sql/scope.ts'
import { parseScript } from '../sql/script/parse-script.ts'
import { runScript } from '../sql/script/run-script.ts'
import type { ScriptJob } from '../sql/script/script-job.ts'
import { isScriptOf } from '../sql/script/script-shape.ts'
import { createVariables } from '../sql/script/variables.ts'
import type { Session, SessionTable } from '../sql/session.ts'
import type { DdlOutcome, DdlStatement, DmlStatement, RowsStatement, Run } from '../sql/statement.ts'
import { nullElements } from '../sql/top-level.ts'
import type { Connection } from '../storage/engine.ts'
import { invalid, invalidQuery } from '../wire/api-error.ts'
import { writeDestination } from './destination.ts'
import { asApiError } from './engine-error.ts'
import { newJob, type QueryConfiguration, type QueryOutcome } from './job.ts'
import { newResultTable } from './query-results.ts'
import type { QueryEngine, QueryJob } from './run-query.ts'
import { systemVariable } from './system-variables.ts'
import { createTransactions } from './transaction.ts'

/** How many statements of a script are listed as jobs of their own. */
const LISTED_CHILDREN = 100

export interface Execution {
  readonly engine: QueryEngine
  readonly job: QueryJob
  readonly query: QueryConfiguration
  readonly connection: Connection
  readonly dryRun: boolean
  readonly checkpoint: () => void
}

export async function execute(execution: Execution): Promise<void> {
  const { engine, job, query, connection, dryRun } = execution
  const parameters = bindParameters(query.queryParameters)
  const steps = parseScript(namePositional(query.query))
  if (steps.length === 0) throw invalidQuery('Syntax error: Unexpected end of statement')
  const isScript = isScriptOf(steps)
  const tables = new Map<string, SessionTable>()
  const functions = new Map<string, Readonly<Record<string, unknown>>>()
  const variables = createVariables()
  const transactions = createTransactions(engine.mutex, connection)
  let { defaultDataset } = query
  const changing: string[] = []
  let rowCount = 0
  let changes = 0
  let children = 0

  const session: Session = {
    variable(name) {
      const found = variables.find(name)
      if (found !== undefined) changing.push(name)
      return found && variables.value(found)
    },
    system: (name) => systemVariable(name, { job, defaultDataset, rowCount, failure: scriptJob.failure }),
    tables,
    functions,
  }

  function context(given: ReadonlyMap<string, BoundParameter> = parameters): Context {
    const { projectId, location } = job
    return contextOf(engine.parser, {
      projectId,
      location,
      catalog: engine.catalog,
      defaultDataset,
      parameters: given,
      session,
      changing,
      jobs: engine.jobs.list,
    })
  }

  const isRepeatable = (): boolean => changing.length === 0

  const read: Run['read'] = async (sql) => (await connection.runAndReadAll(sql)).getRowsJson()
  const run: Run = {
    catalog: engine.catalog,
    projectId: job.projectId,
    location: job.location,
    get inTransaction() {
      return transactions.open()
    },
    execute: (sql) => transactions.write(sql, isRepeatable()),
    read,
    async stage(sql) {
      const table = newResultTable()
      staged.push(table)
      await connection.run(`CREATE TABLE ${table} AS ${sql}`)
      return `FROM ${table}`
    },
    async evaluate(expression) {
      const rows = await read(`SELECT ${compileExpression(context(), expression).sql}`)
      return rows[0]?.[0]
    },
    query: (text) => compileRows(context(), text),
    tables,
    functions,
  }
  const staged: string[] = []

  async function rows(statement: RowsStatement): Promise<QueryOutcome> {
    const fields = statement.fields.map((field) => ({ ...field, mode: field.mode ?? 'NULLABLE' }))
    const outcome = { statementType: statement.statementType, schema: { fields } }
    if (dryRun) {
      await prepares(connection, statement.sql)
      return { ...outcome, totalRows: 0 }
    }
    let kept = await transactions.keep(statement.sql)
    const nulls = nullElements(kept.table, fields, statement.names)
    if (nulls !== undefined && (await read(nulls)).length > 0)
      throw invalidQuery('Array cannot have a null element; error in writing field of the result')
    if (children >= LISTED_CHILDREN && job.resultTable !== undefined) staged.push(job.resultTable)
    job.resultTable = kept.table
    if (query['destinationTable'] !== undefined) {
      if (isScript) throw invalid('configuration.query.destinationTable cannot be set for scripts')
      const { names } = statement
      const written = await writeDestination(connection, engine.catalog, context(), query, fields, {
        ...kept,
        names,
      })
      staged.push(kept.table)
      // What is read as the result is the destination as a whole, with what it held before.
      kept = await transactions.keep(written.sql)
      job.resultTable = kept.table
      return { ...outcome, schema: { fields: written.fields }, totalRows: kept.count }
    }
    return { ...outcome, totalRows: kept.count }
  }

  async function dml(statement: DmlStatement): Promise<QueryOutcome> {
    const { statementType, mustBeEmpty, sql } = statement
    demand(engine.rights, 'bigquery.tables.updateData', job)
    if (dryRun) {
      await prepares(connection, sql)
      return { statementType, schema: { fields: statement.fields }, totalRows: 0 }
    }
    if (statementType !== 'INSERT') engine.checkDml(statement.target)
    return transactions.change(statement.target, async () => {
      if (mustBeEmpty !== undefined && (await read(mustBeEmpty.sql)).length > 0)
        throw invalidQuery(mustBeEmpty.message)
      const counts = { INSERT: 0, UPDATE: 0, DELETE: 0 }
      if (statement.actions === true) {
        for (const [action] of await transactions.writeReturning(sql, isRepeatable()))
          counts[action as keyof typeof counts]++
      } else counts[countedAs(statementType)] = await transactions.write(sql, isRepeatable())
      rowCount = counts.INSERT + counts.UPDATE + counts.DELETE
      const outcome: QueryOutcome = {
        statementType,
        schema: undefined,
        totalRows: 0,
        dmlRows: rowCount,
        dmlStats: {
          insertedRowCount: String(counts.INSERT),
          updatedRowCount: String(counts.UPDATE),
          deletedRowCount: String(counts.DELETE),
        },
      }
      // A change and the record of its job are one transaction, so that a repeat after a crash is refused.
      changes++
      if (!isScript) await engine.jobs.persist(connection, { ...job, outcome, endedAt: engine.now() })
      return outcome
    })
  }

  async function ddl(statement: DdlStatement): Promise<QueryOutcome> {
    const { statementType } = statement
    if (dryRun) {
      const fields = await statement.preview?.(run)
      return { statementType, schema: fields && { fields }, totalRows: 0 }
    }
    changes++
    const done = await statement.run(run)
    const schema = done.fields === undefined || isScript ? undefined : { fields: done.fields }
    return { statementType, schema, totalRows: 0, more: ddlStatistics(done) }
  }

  async function statement(from: Context, text: string): Promise<void> {
    changing.splice(0)
    const compiled = compileStatement(from, text)
    const startedAt = engine.now()
    const outcome = await (compiled.kind === 'rows'
      ? rows(compiled)
      : compiled.kind === 'dml'
        ? dml(compiled)
        : ddl(compiled))
    for (const table of staged.splice(0)) await connection.run(`DROP TABLE IF EXISTS ${table}`)
    if (compiled.kind !== 'rows') job.resultTable = undefined
    job.outcome = outcome
    if (isScript && children++ < LISTED_CHILDREN) addChild(text, startedAt, outcome)
  }

  function addChild(text: string, startedAt: number, outcome: QueryOutcome): void {
    const configuration = { query: { ...query, query: text } }
    const made = newJob(
      {
        projectId: job.projectId,
        jobId: `script_job_${randomUUID().replaceAll('-', '')}_${children}`,
        location: job.location,
        configuration,
      },
      startedAt,
    )
    const child: QueryJob = {
      ...made,
      startedAt,
      endedAt: engine.now(),
      outcome,
      resultTable: job.resultTable,
      statistics: { parentJobId: job.jobId },
    }
    engine.jobs.add(child)
  }

  const scriptJob: ScriptJob = {
    catalog: engine.catalog,
    variables,
    context,
    execute: async (sql) => (await connection.run(sql)).rowsChanged,
    read,
    statement,
    transaction: (action) => transactions.control(action),
    failure: undefined,
    current: '',
    setSystem(name, value) {
      if (name === 'dataset_id') defaultDataset = { ...defaultDataset, datasetId: value }
      else if (name === 'dataset_project_id')
        defaultDataset = { datasetId: '', ...defaultDataset, projectId: value }
      else if (name !== 'query_label' && (name !== 'time_zone' || value !== 'UTC'))
        throw invalidQuery(`Unsupported by the local BigQuery: SET @@${name}`)
    },
    checkpoint: execution.checkpoint,
    async caught(error) {
      execution.checkpoint()
      const failure = asApiError(error)
      if (failure.status >= 500) throw failure
      await transactions.recover()
      return failure
    },
  }

  try {
    if (!isScript || !dryRun) await runScript(scriptJob, steps)
    if (isScript) {
      const last = job.outcome
      job.outcome = { statementType: 'SCRIPT', schema: last?.schema, totalRows: last?.totalRows ?? 0 }
      job.statistics = { numChildJobs: String(children) }
    }
    if (isScript && changes > 0 && !transactions.open())
      await engine.jobs.persist(connection, { ...job, endedAt: engine.now() })
    job.outcome ??= { statementType: 'SCRIPT', schema: undefined, totalRows: 0 }
    if (job.resultTable !== undefined) job.resultTable = await transactions.settle(job.resultTable)
  } catch (error) {
    job.outcome = undefined
    throw error
  } finally {
    await transactions.end()
    for (const { sql } of tables.values()) await connection.run(`DROP TABLE IF EXISTS ${sql}`)
    for (const table of staged) await connection.run(`DROP TABLE IF EXISTS ${table}`)
    for (const sql of variables.cleanUp()) await connection.run(sql).catch(() => undefined)
  }
}

function countedAs(statementType: string): 'INSERT' | 'UPDATE' | 'DELETE' {
  return statementType === 'INSERT' || statementType === 'UPDATE' ? statementType : 'DELETE'
}

async function prepares(connection: Connection, sql: string): Promise<void> {
  const prepared = await connection.prepare(sql)
  prepared.destroySync()
}

function ddlStatistics({
  operation,
  table,
  dataset,
  routine,
}: DdlOutcome): Readonly<Record<string, unknown>> {
  return {
    ddlOperationPerformed: operation,
    ...(table && { ddlTargetTable: table }),
    ...(dataset && { ddlTargetDataset: dataset }),
    ...(routine && { ddlTargetRoutine: routine }),
  }
}
