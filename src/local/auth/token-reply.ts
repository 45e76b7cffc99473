// What the token endpoint answers.

export interface TokenReply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export function refuse(error: string, description: string, status = 400): TokenReply {
  return { status, body: { error, error_description: description } }
}

export function missing(parameter: string): TokenReply {
  return refuse('invalid_request', `Required parameter is missing: ${parameter}`)
}
