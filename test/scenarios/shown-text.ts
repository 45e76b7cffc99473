// Everything that can be seen of a value, and whether a secret shows in it.
import { inspect } from 'node:util'

/** A value in all the ways that programs, logs and people look at one. */
export function shownOf(value: unknown): string {
  const json = (() => {
    try {
      return JSON.stringify(value) ?? ''
    } catch {
      return ''
    }
  })()
  const own = typeof value === 'object' && value !== null ? Object.getOwnPropertyNames(value).join() : ''
  const error = value instanceof Error ? `${value.message}\n${value.stack}\n${shownOf(value.cause)}` : ''
  const deep = inspect(value, {
    depth: Number.POSITIVE_INFINITY,
    showHidden: true,
    getters: true,
    maxStringLength: null,
    maxArrayLength: null,
  })
  return [deep, json, own, String(value), error].join('\n')
}

/** The parts of six characters that a text shows of secrets. */
export function leaksIn(shown: string, secrets: readonly string[]): string[] {
  const parts = new Set(
    secrets.flatMap((secret) =>
      Array.from({ length: Math.max(secret.length - 5, 0) }, (_, at) => secret.slice(at, at + 6)),
    ),
  )
  const found = new Set<string>()
  for (let at = 0; at + 6 <= shown.length; at += 1) {
    const part = shown.slice(at, at + 6)
    if (parts.has(part)) found.add(`${part} in: ${shown.slice(Math.max(0, at - 80), at + 40)}`)
  }
  return [...found]
}
