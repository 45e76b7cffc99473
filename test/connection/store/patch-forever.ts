// A process that patches a connection: label after label, each told on stdout once it is stored.
import { openedStore } from './opened-store.ts'

const [directory = '', prefix = '', count = ''] = process.argv.slice(2)
const store = openedStore(directory)
for (let n = 0; n < Number(count); n += 1) {
  await store.patch('toronto', { location: `EU-${prefix}-${n}` }, { labels: { [`${prefix}${n}`]: 'stored' } })
  process.stdout.write(`${prefix}${n}\n`)
}
