// Draws step lines over one time axis, a panel for each line, as SVG.

interface StepPanel {
  readonly title: string
  /** Where the axis ends, and its labelled values. */
  readonly max: number
  readonly ticks: readonly number[]
  readonly colour: string
  /** A value for each `stepSeconds`; a hole in the line where there is none. */
  readonly values: readonly (number | undefined)[]
}

export interface StepChart {
  readonly title: string
  readonly subtitle: string
  readonly stepSeconds: number
  readonly panels: readonly StepPanel[]
  /** A span of time that is shaded, in seconds. */
  readonly span: { readonly from: number; readonly until: number; readonly label: string }
  /** Moments that are marked on the first panel's axis, in seconds. */
  readonly marks: { readonly at: readonly number[]; readonly label: string }
}

const width = 860
const left = 64
const right = 24
const top = 84
const panelHeight = 150
const panelGap = 58
const labelSeconds = 5
const alarm = '#c62828'

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const at = (n: number): string => n.toFixed(1).replace(/\.0$/, '')

export function stepChart({ title, subtitle, stepSeconds, panels, span, marks }: StepChart): string {
  const seconds = Math.max(...panels.map(({ values }) => values.length)) * stepSeconds
  const x = (second: number) => left + (second / seconds) * (width - left - right)
  const topOf = (n: number) => top + n * (panelHeight + panelGap)
  const bottom = topOf(panels.length - 1) + panelHeight
  const text = (atX: number, atY: number, content: string, attributes = '') =>
    `<text x="${at(atX)}" y="${at(atY)}" ${attributes}>${escaped(content)}</text>`
  const line = (x1: number, y1: number, x2: number, y2: number, stroke: string) =>
    `<path d="M${at(x1)} ${at(y1)}L${at(x2)} ${at(y2)}" stroke="${stroke}"/>`

  const drawPanel = ({ title, max, ticks, colour, values }: StepPanel, n: number): string[] => {
    const y = (value: number) => topOf(n) + panelHeight * (1 - value / max)
    const steps = values.map((value, step) => {
      if (value === undefined) return ''
      const begin = values[step - 1] === undefined ? 'M' : 'L'
      const [from, to] = [x(step * stepSeconds), x((step + 1) * stepSeconds)]
      return `${begin}${at(from)} ${at(y(value))}H${at(to)}`
    })
    return [
      text(left, topOf(n) - 12, title, 'font-weight="600"'),
      ...ticks.flatMap((tick) => [
        line(left, y(tick), width - right, y(tick), tick === 0 ? '#757575' : '#e0e0e0'),
        text(left - 8, y(tick) + 4, `${tick}`, 'text-anchor="end" fill="#424242"'),
      ]),
      `<path d="${steps.join('')}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-linejoin="round"/>`,
    ]
  }

  const markY = topOf(0) + panelHeight
  const axis = Array.from({ length: Math.floor(seconds / labelSeconds) + 1 }, (_, n) => n * labelSeconds)
  const height = bottom + 52
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12" fill="#212121">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(left, 26, title, 'font-size="17" font-weight="600"'),
    text(left, 46, subtitle, 'fill="#616161"'),
    ...panels.map(
      (_, n) =>
        `<rect x="${at(x(span.from))}" y="${topOf(n)}" width="${at(x(span.until) - x(span.from))}" height="${panelHeight}" fill="#ffebee"/>`,
    ),
    ...panels.flatMap(drawPanel),
    text(x(span.from) + 8, topOf(0) + 14, span.label, `fill="${alarm}"`),
    ...marks.at.map((second) => line(x(second), markY + 2, x(second), markY + 11, alarm)),
    line(width - right - 108, topOf(0) - 21, width - right - 108, topOf(0) - 12, alarm),
    text(width - right - 102, topOf(0) - 12, marks.label, `fill="${alarm}"`),
    ...axis.flatMap((second) => [
      line(x(second), bottom, x(second), bottom + 5, '#757575'),
      text(x(second), bottom + 19, `${second}`, 'text-anchor="middle" fill="#424242"'),
    ]),
    text((left + width - right) / 2, bottom + 40, 'seconds after the first request', 'text-anchor="middle"'),
    '</svg>',
    '',
  ].join('\n')
}
