import { createConnector } from 'bigquery-connector'
import { startLocalBigQuery } from 'bigquery-connector/local'

const local = await startLocalBigQuery({ port: 0, projectId: 'demo' })
const connection = await createConnector().connect({ projectId: 'demo', endpoint: local.url, grant: 'none' })

const job = (query: string) => ({ data: { configuration: { query: { query } } } })
const tables = [job('CREATE SCHEMA shop'), job('CREATE TABLE shop.orders (id INT64, item STRING)')]
await Array.fromAsync(connection.operation('run-job', { objectType: 'QUERY' }).execute(tables))

const insert = connection.operation('streaming-insert', { objectType: 'datasets/shop/tables/orders' })
const documents = [{ data: { id: 1, item: 'tea' } }, { data: { id: 'two' } }, { data: '{"id": 3}' }]
for await (const { index, status, message } of insert.execute(documents)) console.log(index, status, message)

await connection.close()
await local.close()
