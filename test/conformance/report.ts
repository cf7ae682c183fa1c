/** The suite's results, counted by area and kind of test, as a page. */

export type SuiteResults = Readonly<Record<string, true | readonly [name: string, message: string]>>

export interface SuiteTest {
  readonly id: string
  readonly name: string
  readonly kind?: 'required' | 'optimal' | 'check'
  readonly browser_only?: boolean
}

export type Suite = readonly {
  readonly id: string
  readonly name: string
  readonly tests: readonly SuiteTest[]
}[]

export interface Verdict {
  readonly test: SuiteTest
  /** One of the suite's marks. */
  readonly mark: string
  readonly detail: string
}

export interface Area {
  readonly id: string
  readonly name: string
  readonly verdicts: readonly Verdict[]
}

/** Tests for browsers only are not run by the suite's client. */
export function areasOf(
  suite: Suite,
  results: SuiteResults,
  markOf: (id: string) => string,
): readonly Area[] {
  return suite.map(({ id, name, tests }) => ({
    id,
    name,
    verdicts: tests
      .filter(({ browser_only: isForBrowsers }) => isForBrowsers !== true)
      .map((test) => {
        const result = results[test.id]
        const detail = result === undefined || result === true ? '' : result.join(': ')
        return { test, mark: markOf(test.id), detail }
      }),
  }))
}

const passed = new Set(['✅', 'Y'])
const failed = new Set(['⛔️', '⚠️', 'N'])
const dependent = '⚪️'

interface Count {
  readonly pass: number
  readonly fail: number
  readonly dependent: number
  readonly other: number
}

function count(verdicts: readonly Verdict[]): Count {
  const of = (wanted: (mark: string) => boolean) =>
    verdicts.filter(({ mark }) => wanted(mark)).length
  const [pass, fail] = [of((mark) => passed.has(mark)), of((mark) => failed.has(mark))]
  const waiting = of((mark) => mark === dependent)
  return { pass, fail, dependent: waiting, other: verdicts.length - pass - fail - waiting }
}

const kinds = ['required', 'optimal', 'check'] as const

function ofKind(verdicts: readonly Verdict[], kind: (typeof kinds)[number]): readonly Verdict[] {
  return verdicts.filter(({ test }) => (test.kind ?? 'required') === kind)
}

const cdn = 'cdn-cache-control'

export function report(areas: readonly Area[], commit: string): string {
  const all = areas.filter(({ id }) => id !== cdn).flatMap(({ verdicts }) => verdicts)
  const totals = kinds.map((kind) => {
    const { pass, fail, dependent: waiting, other } = count(ofKind(all, kind))
    return `| ${kind} | ${pass + fail + waiting + other} | ${pass} | ${fail} | ${waiting} | ${other} |`
  })
  const rows = areas.map(({ id, name, verdicts }) => {
    const cells = kinds.map((kind) => {
      const { pass, fail, dependent: waiting, other } = count(ofKind(verdicts, kind))
      const total = pass + fail + waiting + other
      return total === 0 ? '' : `${pass} of ${total}`
    })
    return `| ${name}${id === cdn ? ' (not counted above)' : ''} | ${cells.join(' | ')} |`
  })
  const missed = kinds.slice(0, 2).map((kind) =>
    ofKind(all, kind)
      .filter(({ mark }) => !passed.has(mark))
      .map(({ test, mark, detail }) => `| ${kind} | ${test.id} | ${mark} | ${plain(detail)} |`),
  )
  return [
    `Suite: http-tests/cache-tests ${commit}.`,
    '',
    '| kind | tests | passed | failed | depend on a failed one | other |',
    '|---|---|---|---|---|---|',
    ...totals,
    '',
    '| area | required | optimal | checks answered yes |',
    '|---|---|---|---|',
    ...rows,
    '',
    '| kind | not passed | | what the suite says |',
    '|---|---|---|---|',
    ...missed.flat(),
    '',
  ].join('\n')
}

function plain(detail: string): string {
  return detail.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
