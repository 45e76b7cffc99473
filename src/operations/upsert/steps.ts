// The steps of one document, as its payload shows them: what each gave, and what the first failure was.
import { asConnectorError, ConnectorError } from '../../errors.ts'

export type StepName = 'load' | 'query' | 'delete'

export class Steps {
  /** One member for each step that was taken: its result, or BigQuery's error, or `{errorMessage}`. */
  readonly payload: Partial<Record<StepName, unknown>> = {}
  #failure: { readonly step: StepName; readonly error: ConnectorError } | undefined

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** What the step gives; `undefined` when it fails, which is kept. */
  async take<T>(step: StepName, act: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await act()
      this.payload[step] = result
      return result
    } catch (thrown) {
      this.#failure ??= { step, error: this.note(step, thrown) }
      return undefined
    }
  }

  /** Shows an error of a step in the payload. */
  note(step: StepName, thrown: unknown): ConnectorError {
    const error = asConnectorError(thrown)
    this.payload[step] = error.payload ?? { errorMessage: error.message }
    return error
  }

  /** @throws ConnectorError the first failure, with the payload of all steps. */
  throwIfFailed(remark: string): void {
    if (this.#failure === undefined) return
    const { step, error } = this.#failure
    const { code, faults, httpStatus, reason } = error
    throw new ConnectorError(code, [`Step ${step}: ${error.message}`, remark].filter(Boolean).join(' '), {
      faults,
      payload: this.payload,
      cause: error,
      ...(httpStatus === undefined ? {} : { httpStatus }),
      ...(reason === undefined ? {} : { reason }),
    })
  }
}
