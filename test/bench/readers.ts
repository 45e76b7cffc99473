// Ways to get the rows of a query's result, each as a function that resolves when it has had all of them.
// Pages have 1000 rows for everybody. The official client's maxResults would be the rows in all.
import { createConnector } from 'bigquery-connector'
import { Agent, request } from 'undici'
import { type Contender, officialClient, type Task } from './contenders.ts'

function checked({ rows }: Task, read: number): void {
  if (read !== rows) throw new Error(`${read} of ${rows} rows were read.`)
}

async function readWithConnector(task: Task, options: object): Promise<void> {
  const connection = await createConnector().connect({
    projectId: 'bench',
    endpoint: task.url,
    grant: 'none',
  })
  const operation = connection.operation('get-query-results', { objectType: 'QUERY', ...options })
  let read = 0
  for await (const { status } of operation.execute([{ data: { jobId: `rows-${task.rows}` } }])) {
    if (status === 'success') read += 1
  }
  await connection.close()
  checked(task, read)
}

/** Every page in turn; `take` gives the number of its rows. */
async function readPages({ url, rows }: Task, take: (text: string) => number): Promise<number> {
  const dispatcher = new Agent({ keepAliveTimeout: 30_000 })
  const path = `${url}/bigquery/v2/projects/bench/queries/rows-${rows}`
  let read = 0
  while (read < rows) {
    const reply = await request(`${path}?maxResults=1000&pageToken=${read}`, { dispatcher })
    read += take(await reply.body.text())
  }
  await dispatcher.close()
  return read
}

export const readers: Readonly<Record<string, Contender>> = {
  connector: (task) => readWithConnector(task, {}),

  'connector, numbers where exact': (task) =>
    readWithConnector(task, { integers: 'number', decimals: 'number' }),

  'official getQueryResults': async (task) => {
    const [rows] = await officialClient(task).job(`rows-${task.rows}`).getQueryResults()
    checked(task, rows.length)
  },

  'official getQueryResultsStream': async (task) => {
    let read = 0
    for await (const _ of officialClient(task).job(`rows-${task.rows}`).getQueryResultsStream()) read += 1
    checked(task, read)
  },

  'JSON.parse of each page, no more': async (task) => {
    checked(task, await readPages(task, (text) => JSON.parse(text).rows.length))
  },

  'pages as text (ceiling)': async (task) => {
    let pages = 0
    await readPages(task, () => {
      pages += 1
      return 1000
    })
    if (pages !== Math.ceil(task.rows / 1000)) throw new Error(`${pages} pages were read.`)
  },
}
