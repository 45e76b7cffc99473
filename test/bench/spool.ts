// npm run bench:spool [-- --rounds 20]: kills a process that inserts with a spool at random moments, and looks at
// the end whether every document that the spool had acknowledged is stored once and has its outcome.
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } })
const rounds = Number(options.rounds)
/** Documents that the last execution, which is not killed, adds. */
const lastDocuments = 1000

interface Figures {
  readonly documents: number
  readonly missing: number
  readonly twice: number
  readonly dropped: number
}

const directory = await mkdtemp(join(tmpdir(), 'bqc-spool-'))
const sink = fork(new URL('./remembering-sink.ts', import.meta.url), { silent: true })
const [line] = await once(sink.stdout as NodeJS.ReadableStream, 'data')
const { url } = JSON.parse(String(line)) as { url: string }

async function startHost(last = Number.POSITIVE_INFINITY): Promise<ChildProcess> {
  const path = new URL('./spooling-host.ts', import.meta.url).pathname
  const host = spawn(process.execPath, [path, url, directory, `${last}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(host.stdout, 'data')
  return host
}

const figures = async (): Promise<Figures> => (await (await fetch(`${url}/figures`)).json()) as Figures
const linesOf = async (name: string) => (await readFile(join(directory, name), 'utf8')).trim().split('\n')
const acknowledged = async () => Number((await linesOf('position')).at(-1))

try {
  for (let round = 1; round <= rounds; round += 1) {
    const host = await startHost()
    const exited = once(host, 'exit')
    const ms = Math.random() * 1200
    await wait(ms)
    host.kill('SIGKILL')
    await exited
    const { documents, missing } = await figures()
    process.stdout.write(
      `kill ${round} after ${Math.round(ms)} ms: ${await acknowledged()} documents acknowledged, ` +
        `${documents} stored, ${missing} gaps\n`,
    )
  }
  const total = (await acknowledged()) + lastDocuments
  const host = await startHost(total)
  const [code] = await once(host, 'exit')

  const { documents, missing, twice, dropped } = await figures()
  const outcomes = await linesOf('outcomes')
  const successes = outcomes.filter((outcome) => outcome.startsWith('success'))
  const told = new Set(successes.map((outcome) => outcome.split(' ')[1]))
  const recovered = outcomes.filter((outcome) => outcome.endsWith('recovered')).length
  const damages = outcomes.filter((outcome) => outcome.startsWith('damage')).length
  const others = outcomes.length - successes.length - damages
  process.stdout.write(
    `${rounds} kills: ${total} documents; ${total - documents + missing} missing, ${total - told.size} without outcome, ` +
      `${twice} stored twice, ${dropped} sent again and dropped, ${recovered} outcomes of recovered documents, ` +
      `${successes.length - told.size} told twice, ${others} not successful, ${damages} damaged ends\n`,
  )
  if (code !== 0 || documents !== total || missing + twice + others > 0 || told.size !== total)
    throw new Error('A document is missing, stored twice, or without outcome.')
} finally {
  sink.disconnect()
  await rm(directory, { recursive: true })
}
