// Functions and procedures: what exists, as the API describes it. A routine's code is text in its entry;
// nothing of it is stored in the engine.
import { alreadyExists, notFound } from '../wire/api-error.ts'
import type { Connection } from './engine.ts'
import { type DatasetName, newEtag, sorted } from './entries.ts'

export interface RoutineName {
  readonly projectId: string
  readonly datasetId: string
  readonly routineId: string
}

export interface RoutineEntry extends RoutineName {
  readonly etag: string
  readonly createdAt: number
  readonly modifiedAt: number
  /** The API's Routine resource without the reference, etag and times. */
  readonly sent: Readonly<Record<string, unknown>>
}

export interface RoutineCatalog {
  list(projectId: string, datasetId: string): readonly RoutineEntry[]
  find(name: RoutineName): RoutineEntry | undefined
  /** Like `find`, but an unknown routine is an error. */
  get(name: RoutineName): RoutineEntry
  /** Refuses a name that is taken. */
  insert(name: RoutineName, sent: RoutineEntry['sent']): Promise<RoutineEntry>
  /** In place of a routine of that name, or new. */
  put(name: RoutineName, sent: RoutineEntry['sent']): Promise<RoutineEntry>
  delete(name: RoutineName): Promise<void>
  /** Forgets the routines of a deleted dataset; their stored entries are gone already. */
  forget(dataset: DatasetName): void
}

export interface RoutineCatalogPorts {
  /** Entries as stored. */
  readonly stored: readonly string[]
  readonly change: <T>(task: (connection: Connection) => Promise<T>) => Promise<T>
  /** Throws where the dataset does not exist. */
  readonly checkDataset: (projectId: string, datasetId: string) => unknown
  readonly now: () => number
}

export function createRoutineCatalog(ports: RoutineCatalogPorts): RoutineCatalog {
  const { change, checkDataset, now } = ports
  const routines = new Map<string, RoutineEntry>()
  for (const text of ports.stored) {
    const entry = JSON.parse(text) as RoutineEntry
    routines.set(keyOf(entry), entry)
  }

  async function store(
    name: RoutineName,
    sent: RoutineEntry['sent'],
    replace: boolean,
  ): Promise<RoutineEntry> {
    const { projectId, datasetId, routineId } = name
    const entry = await change(async (connection) => {
      checkDataset(projectId, datasetId)
      const before = routines.get(keyOf(name))
      if (before !== undefined && !replace) throw alreadyExists(`Routine ${keyOf(name)}`)
      await erase(connection, name)
      const stamp = { etag: newEtag(), createdAt: before?.createdAt ?? now(), modifiedAt: now() }
      const made: RoutineEntry = { projectId, datasetId, routineId, ...stamp, sent }
      await connection.run('INSERT INTO store."_meta".routines VALUES ($1, $2, $3, $4)', [
        projectId,
        datasetId,
        routineId,
        JSON.stringify(made),
      ])
      return made
    })
    routines.set(keyOf(name), entry)
    return entry
  }

  function get(name: RoutineName): RoutineEntry {
    const entry = routines.get(keyOf(name))
    if (entry !== undefined) return entry
    checkDataset(name.projectId, name.datasetId)
    throw notFound(`Routine ${keyOf(name)}`)
  }

  return {
    list(projectId, datasetId) {
      checkDataset(projectId, datasetId)
      const inside = [...routines.values()].filter(
        (entry) => entry.projectId === projectId && entry.datasetId === datasetId,
      )
      return sorted(inside, 'routineId')
    },
    find: (name) => routines.get(keyOf(name)),
    get,
    insert: (name, sent) => store(name, sent, false),
    put: (name, sent) => store(name, sent, true),
    async delete(name) {
      await change(async (connection) => {
        get(name)
        await erase(connection, name)
      })
      routines.delete(keyOf(name))
    },
    forget({ projectId, datasetId }) {
      for (const [key, entry] of routines)
        if (entry.projectId === projectId && entry.datasetId === datasetId) routines.delete(key)
    },
  }
}

function keyOf(name: RoutineName): string {
  return `${name.projectId}:${name.datasetId}.${name.routineId}`
}

async function erase(connection: Connection, name: RoutineName): Promise<void> {
  await connection.run(
    'DELETE FROM store."_meta".routines WHERE project = $1 AND dataset = $2 AND name = $3',
    [name.projectId, name.datasetId, name.routineId],
  )
}
