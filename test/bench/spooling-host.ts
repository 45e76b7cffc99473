// A host with a spool, made to be killed: inserts numbered documents, and gives none again that the spool has
// acknowledged, so that those are nowhere else. Arguments: url, directory, the number of the last document.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createConnector, type Document } from '../../src/index.ts'

const [url = '', directory = '', last = 'Infinity'] = process.argv.slice(2)
const text = 'lorem ipsum dolor sit amet '.repeat(10)

// Written in one piece, at one place: a kill falls before it or after it.
const positions = openSync(join(directory, 'position'), 'a+')
const begin = Number(readFileSync(join(directory, 'position'), 'utf8').trim().split('\n').at(-1) || 0)
const outcomes = openSync(join(directory, 'outcomes'), 'a')

async function* documents(): AsyncGenerator<Document, void, undefined> {
  for (let n = begin; n < Number(last); n += 1) {
    if (n % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    yield { id: `${n}`, data: { n, text } }
  }
}

const connection = await createConnector().connect({ projectId: 'crash', endpoint: url, grant: 'none' })
const operation = connection.operation('streaming-insert', {
  objectType: 'datasets/d/tables/t',
  insertIdFrom: 'id',
  spool: join(directory, 'spool'),
  spoolBytes: 16_777_216,
})
process.stdout.write('started\n')
const execution = operation.execute(documents(), {
  onSpooled: (count) => writeSync(positions, `${begin + count}\n`),
  onSpoolDamage: ({ bytes }) => writeSync(outcomes, `damage ${bytes}\n`),
})
for await (const { id, status, recovered } of execution) {
  writeSync(outcomes, `${status} ${id}${recovered ? ' recovered' : ''}\n`)
}
await connection.close()
closeSync(positions)
closeSync(outcomes)
