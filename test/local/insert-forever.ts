// Inserts batches into a local BigQuery in the directory given and prints the last acknowledged id of each.
import { startLocalBigQuery } from '../../src/local/index.ts'

const BATCH = 20
const local = await startLocalBigQuery({ port: 0, projectId: 'demo', dataDirectory: process.argv[2] ?? '' })
const datasets = `${local.url}/projects/demo/datasets`

async function post(path: string, body: object): Promise<unknown> {
  const response = await fetch(`${datasets}${path}`, { method: 'POST', body: JSON.stringify(body) })
  return response.json()
}

await post('', { datasetReference: { datasetId: 'd' } })
await post('/d/tables', {
  tableReference: { tableId: 't' },
  schema: { fields: [{ name: 'id', type: 'INTEGER' }] },
})
for (let next = 0; ; next += BATCH) {
  const rows = Array.from({ length: BATCH }, (_, i) => ({ insertId: `${next + i}`, json: { id: next + i } }))
  const reply = await post('/d/tables/t/insertAll', { rows })
  if ((reply as { insertErrors?: unknown }).insertErrors === undefined)
    process.stdout.write(`${next + BATCH}\n`)
}
