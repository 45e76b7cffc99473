// The id of a job, made from what it is to do: the same again finds the same job.
import { createHash } from 'node:crypto'

/**
 * `PREFIX` and 40 characters that stand for `meaning`, whatever the order of its members; from the second
 * attempt on, `_2` and so on. Of its 1024 characters an id has at most a tenth.
 * @param meaning JSON: everything that makes this job another one than the next.
 */
export function jobIdOf(prefix: string, meaning: unknown, attempt: number): string {
  const digest = createHash('sha256').update(canonical(meaning)).digest('hex').slice(0, 40)
  return numbered(prefix + digest, attempt)
}

/** The id of an attempt: ids of failed jobs are used up. */
export function numbered(id: string, attempt: number): string {
  return attempt === 1 ? id : `${id}_${attempt}`
}

/** JSON text with the members of every object in the order of their names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member) => {
    const isObject = typeof member === 'object' && member !== null && !Array.isArray(member)
    if (!isObject) return member
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
