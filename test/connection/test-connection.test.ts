import { describe, expect, it } from 'vitest'
import { runTrials } from '../../src/connection/test-connection.ts'
import { ConnectorError } from '../../src/errors.ts'

describe('a connection test', () => {
  it('reports every step with its message and duration', async () => {
    const clock = { now: 0 }
    const takes = (ms: number, message: string) => async () => {
      clock.now += ms
      return message
    }

    const report = await runTrials(
      [
        ['token', takes(5, 'A token was issued.')],
        ['project', takes(20, 'It answers.')],
      ],
      () => clock.now,
    )

    expect(report).toEqual({
      ok: true,
      steps: [
        { step: 'token', ok: true, code: 'OK', message: 'A token was issued.', durationMs: 5 },
        { step: 'project', ok: true, code: 'OK', message: 'It answers.', durationMs: 20 },
      ],
    })
  })

  it('stops at the first step that fails, and gives its code', async () => {
    const tried: string[] = []
    const trial = (step: string, failure?: ConnectorError) =>
      [
        step,
        async () => {
          tried.push(step)
          if (failure) throw failure
          return 'fine'
        },
      ] as const

    const report = await runTrials(
      [
        trial('key'),
        trial('token', new ConnectorError('BQC_SIGN_IN_REFUSED', 'Sign-in was refused.')),
        trial('project'),
      ],
      () => 0,
    )

    expect(tried).toEqual(['key', 'token'])
    expect(report.ok).toBe(false)
    expect(report.steps.map(({ step, code }) => [step, code])).toEqual([
      ['key', 'OK'],
      ['token', 'BQC_SIGN_IN_REFUSED'],
    ])
    expect(report.steps[1]?.message).toBe('Sign-in was refused.')
  })

  it('never throws, whatever a step throws', async () => {
    const report = await runTrials([['token', () => Promise.reject('out of paper')]], () => 0)

    expect(report.ok).toBe(false)
    expect(report.steps).toMatchObject([{ ok: false, code: 'BQC_INTERNAL' }])
  })
})
