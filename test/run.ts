/**
 * `npm test`: every check in order, from format to whole boots, then one closing line with the
 * counts. A step that cannot run is a failure; nothing is skipped.
 *
 *   node test/run.ts            everything
 *   node test/run.ts types e2e  only the steps named
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Step {
  readonly name: string
  /** Program in node_modules/.bin, and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** Runs vitest: its own counts are taken instead of one for the step. */
  readonly vitest?: boolean
}

const steps: readonly Step[] = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', command: ['oxlint'] },
  { name: 'types', command: ['tsc'] },
  { name: 'unused', command: ['knip'] },
  { name: 'docs', command: ['node', 'src/docs.ts', '--check'] },
  { name: 'unit', command: ['vitest', 'run', '--project', 'unit'], vitest: true },
  { name: 'interop', command: ['vitest', 'run', '--project', 'interop'], vitest: true },
  { name: 'e2e', command: ['vitest', 'run', '--project', 'e2e'], vitest: true },
  { name: 'docker', command: ['vitest', 'run', '--project', 'docker'], vitest: true },
]

interface Counts {
  passed: number
  failed: number
}

process.exitCode = main(process.argv.slice(2))

function main(only: readonly string[]): number {
  if (process.getuid?.() !== 0) {
    console.error('npm test makes network namespaces and boots machines: run it as root')
    return 2
  }
  const unknown = only.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    console.error(
      `no such step: ${unknown.join(', ')}; there are ${steps.map((s) => s.name).join(', ')}`,
    )
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'bootlace-test-'))
  const total: Counts = { passed: 0, failed: 0 }
  try {
    for (const step of steps) {
      if (only.length > 0 && !only.includes(step.name)) continue
      const counts = runStep(step, folder)
      total.passed += counts.passed
      total.failed += counts.failed
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return total.failed === 0 ? 0 : 1
}

function runStep(step: Step, folder: string): Counts {
  const started = performance.now()
  console.log(`\n== ${step.name}`)
  const [program, ...args] = step.command
  const report = join(folder, `${step.name}.json`)
  const extra = step.vitest
    ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    : []
  const { status } = spawnSync(join('node_modules/.bin', program), [...args, ...extra], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      PATH: `${join(process.cwd(), 'node_modules/.bin')}:${process.env['PATH']}`,
    },
  })
  const ok = status === 0
  const counts = step.vitest ? countsOf(report, ok) : { passed: Number(ok), failed: Number(!ok) }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`== ${step.name}: ${counts.passed} passed, ${counts.failed} failed in ${seconds} s`)
  return counts
}

/** A run that ended badly without a failed test (a broken file, a crash) counts as one failure. */
function countsOf(report: string, ok: boolean): Counts {
  let result: unknown
  try {
    result = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return { passed: 0, failed: 1 }
  }
  const count = (key: string) => Number(Reflect.get(Object(result), key) ?? 0)
  const passed = count('numPassedTests')
  const left = count('numTotalTests') - passed
  return { passed, failed: ok && passed > 0 ? left : Math.max(left, 1) }
}
