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

/** A draft of 24 tests for content delivery networks (RFC 9213), which Bootlace is not. */
const cdn = 'cdn-cache-control'

function counted(areas: readonly Area[]): readonly Verdict[] {
  return areas.filter(({ id }) => id !== cdn).flatMap(({ verdicts }) => verdicts)
}

/** Why a test is not passed, for those that have a reason rather than a fault. */
const reasons: Readonly<Record<string, string>> = {
  'headers-store-Set-Cookie': 'an answer that sets a cookie is never stored',
  'other-set-cookie': 'an answer that sets a cookie is never stored',
  'headers-store-Transfer-Encoding':
    'the origin names a transfer coding that does not exist: nobody can tell whether such a body is whole',
  'method-POST': 'answers to POST are never stored',
  'vary-normalise-lang-order': 'the order of languages may mean something to an origin',
  'vary-normalise-lang-select': 'a variant is never chosen in the place of the origin',
  'conditional-lm-fresh-no-lm':
    'by RFC 9111 §4.3.2 the answer, newer than the date asked about, is a 200',
}
const partial = 'parts are not stored: what is missing is fetched whole, once, for all'

export interface Peer {
  readonly name: string
  readonly areas: readonly Area[]
}

/** `peers`: results that are published with the suite. */
export function report(areas: readonly Area[], commit: string, peers: readonly Peer[]): string {
  return [
    '# Conformance',
    '',
    `The public test suite for HTTP caches, http-tests/cache-tests, at commit ${commit}, against a`,
    'mirror with the profile `generic`. Its server and its client run unmodified; a test whose',
    'precondition failed is not counted as passed, by the rules of the suite.',
    '',
    '```sh',
    'git clone https://github.com/http-tests/cache-tests && (cd cache-tests && npm install)',
    'npm run conformance -- cache-tests',
    '```',
    '',
    ...totals(areas),
    '',
    '*required*: what RFC 9111 demands of a cache that stores. *optimal*: what it could do and need not.',
    '*check*: how a cache behaves where the RFC leaves it open; a yes is not better than a no.',
    '24 tests for `CDN-Cache-Control` are counted apart.',
    '',
    '## By area',
    '',
    '| area | required | optimal | check: yes |',
    '|---|---|---|---|',
    ...areas.map(areaRow),
    '',
    '## What is not passed',
    '',
    '| kind | test | | why |',
    '|---|---|---|---|',
    ...missed(areas),
    '',
    '## Other caches',
    '',
    'From the results that the suite publishes of them at that commit, counted in the same way.',
    '',
    '| cache | required: passed | failed | depend | other | optimal: passed | check: yes |',
    '|---|---|---|---|---|---|---|',
    ...[{ name: '**Bootlace**', areas }, ...peers].map(peerRow),
    '',
  ].join('\n')
}

function totals(areas: readonly Area[]): readonly string[] {
  const rows = kinds.map((kind) => {
    const verdicts = ofKind(counted(areas), kind)
    const { pass, fail, dependent: waiting, other } = count(verdicts)
    return `| ${kind} | ${verdicts.length} | ${pass} | ${fail} | ${waiting} | ${other} |`
  })
  return [
    '| kind | tests | passed | failed | depend on a failed one | could not be judged |',
    '|---|---|---|---|---|---|',
    ...rows,
  ]
}

function areaRow({ id, name, verdicts }: Area): string {
  const cells = kinds.map((kind) => {
    const some = ofKind(verdicts, kind)
    return some.length === 0 ? '' : `${count(some).pass} of ${some.length}`
  })
  return `| ${name}${id === cdn ? ' (counted apart)' : ''} | ${cells.join(' | ')} |`
}

function missed(areas: readonly Area[]): readonly string[] {
  return kinds.slice(0, 2).flatMap((kind) =>
    ofKind(counted(areas), kind)
      .filter(({ mark }) => !passed.has(mark))
      .map(({ test, mark, detail }) => {
        const known = test.id.startsWith('partial-store-partial') ? partial : reasons[test.id]
        return `| ${kind} | \`${test.id}\` | ${mark} | ${known ?? plain(detail)} |`
      }),
  )
}

function peerRow({ name, areas }: Peer): string {
  const all = counted(areas)
  const { pass, fail, dependent: waiting, other } = count(ofKind(all, 'required'))
  const [optimal, check] = (['optimal', 'check'] as const).map(
    (kind) => count(ofKind(all, kind)).pass,
  )
  return `| ${name} | ${pass} | ${fail} | ${waiting} | ${other} | ${optimal} | ${check} |`
}

function plain(detail: string): string {
  return detail.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
