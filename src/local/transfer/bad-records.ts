// Records of a load that cannot be stored: counted, the first ones kept as messages, too many end the job.
import { ApiError, type ErrorProto } from '../wire/api-error.ts'

const KEPT_MESSAGES = 10

export interface BadRecords {
  readonly count: number
  readonly messages: readonly ErrorProto[]
  add(message: string): void
}

export function createBadRecords(format: string, allowed: number, uri: string | undefined): BadRecords {
  const messages: ErrorProto[] = []
  let count = 0
  const place = uri === undefined ? {} : { location: uri }
  return {
    get count() {
      return count
    },
    messages,
    add(message) {
      count++
      const text = `Error while reading data, error message: ${message}${uri === undefined ? '' : ` File: ${uri}`}`
      if (messages.length < KEPT_MESSAGES) messages.push({ reason: 'invalid', ...place, message: text })
      if (count > allowed) throw new TooManyBadRecords(format, count, messages)
    },
  }
}

/** Ends a load; the job reports the records' own messages after this one. */
export class TooManyBadRecords extends ApiError {
  readonly messages: readonly ErrorProto[]

  constructor(format: string, count: number, messages: readonly ErrorProto[]) {
    super(
      400,
      'invalid',
      `Error while reading data, error message: ${format} table encountered too many errors, giving up. Rows: ${count}; errors: ${count}. Please look into the errors[] collection for more details.`,
    )
    this.messages = messages
  }
}
