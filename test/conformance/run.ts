/**
 * Runs the public HTTP cache test suite (http-tests/cache-tests) against a mirror with the profile
 * `generic`, and prints its results by area, or writes them into the docs; or shows one test:
 *
 *     npm run conformance -- PATH [--write docs/conformance.md] [--json FILE]
 *     npm run conformance -- PATH --id TEST
 *
 * PATH is a checkout of the suite with its dependencies (`npm install` there). Its server and its
 * client run unmodified, as programs of their own; only counting is done here, with its own rules.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import fastify from 'fastify'
import { ContentStore } from '../../src/io/cache/content-store.ts'
import { mirror } from '../../src/server/mirror/mirror.ts'
import { type Area, type Peer, type Suite, type SuiteResults, areasOf, report } from './report.ts'

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { write: { type: 'string' }, json: { type: 'string' }, id: { type: 'string' } },
  })
  const [path] = positionals
  if (path === undefined)
    throw new Error('which folder holds the suite? npm run conformance -- PATH')
  const suite = resolve(path)
  const results = await runSuite(suite, values.id)
  if (results === undefined) return
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, null, 2))
  const judge = await judgeOf(suite)
  const commit = execFileSync('git', ['-C', suite, 'log', '-1', '--format=%h (%cs)'])
    .toString()
    .trim()
  const page = report(judge(results), commit, published(suite, judge))
  if (values.write === undefined) console.log(page)
  else writeFileSync(values.write, page)
}

/** Undefined for a single test, whose exchange has been printed by the suite. */
async function runSuite(suite: string, id: string | undefined): Promise<SuiteResults | undefined> {
  await using open = new AsyncDisposableStack()
  const scratch = mkdtempSync(join(tmpdir(), 'bootlace-conformance-'))
  open.defer(() => rmSync(scratch, { recursive: true, force: true }))
  const port = await freePort()
  const server = suiteProgram(suite, 'server/server.mjs', {
    npm_config_protocol: 'http',
    npm_config_port: String(port),
    npm_config_pidfile: join(scratch, 'pid'),
  })
  open.defer(() => void server.kill())
  await once(server.stdout ?? server, 'data')
  const base = await startMirror(open, new URL(`http://127.0.0.1:${port}`), join(scratch, 'cache'))
  const client = suiteProgram(suite, 'cli.mjs', { npm_config_base: base, npm_config_id: id ?? '' })
  if (client.stdout === null) throw new Error('the client prints nothing')
  const printed = await textOf(client.stdout)
  if (id !== undefined) {
    console.log(printed)
    return undefined
  }
  return JSON.parse(printed) as SuiteResults
}

function suiteProgram(
  suite: string,
  script: string,
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(process.execPath, ['--no-warnings', join(suite, 'test-engine', script)], {
    cwd: suite,
    env: { ...process.env, npm_package_config_id: '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Answers the URL of the mirror. */
async function startMirror(
  open: AsyncDisposableStack,
  origin: URL,
  directory: string,
): Promise<string> {
  const store = await ContentStore.open({ directory, maxBytes: 1 << 30, clock: Date.now })
  open.defer(() => store.close())
  const made = mirror({
    name: 'suite',
    origin,
    trust: { insecure: true },
    hostHeader: 'upstream',
    profile: 'generic',
    store,
    emit: () => {},
    macOf: () => undefined,
    clock: Date.now,
  })
  open.defer(() => made.close())
  const server = fastify({ forceCloseConnections: true })
  await server.register(made.plugin)
  await server.listen({ port: 0, host: '127.0.0.1' })
  open.defer(() => server.close())
  return `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

type Judge = (results: SuiteResults) => readonly Area[]

/** The suite's own verdict on each of its tests. */
async function judgeOf(suite: string): Promise<Judge> {
  const load = (file: string) => import(pathToFileURL(join(suite, file)).href)
  const { default: tests } = (await load('tests/index.mjs')) as { default: Suite }
  const { determineTestResult } = (await load('test-engine/lib/results.mjs')) as {
    determineTestResult: (tests: Suite, id: string, results: SuiteResults) => readonly string[]
  }
  return (results) =>
    areasOf(tests, results, (id) => determineTestResult(tests, id, results).at(-1) ?? '-')
}

/** Caches that stand before an origin, as Bootlace does. */
const peers = {
  'Traffic Server': 'trafficserver',
  Apache: 'apache',
  Squid: 'squid',
  Varnish: 'varnish',
  Caddy: 'caddy',
  nginx: 'nginx',
  HAProxy: 'haproxy',
} as const

function published(suite: string, judge: Judge): readonly Peer[] {
  return Object.entries(peers).map(([name, file]) => {
    const text = readFileSync(join(suite, 'results', `${file}.json`), 'utf8')
    return { name, areas: judge(JSON.parse(text) as SuiteResults) }
  })
}

if (import.meta.main) await main()
