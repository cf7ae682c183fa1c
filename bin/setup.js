#!/usr/bin/env node
/**
 * `npm run setup`, the first thing that `npm start` and `npm test` do. Plain JavaScript for Node 20
 * and later without packages, because nothing is installed yet: it installs the packages (with them
 * the runtime that the project pins), and leaves the rest to that runtime and src/setup/setup-command.ts.
 * When nothing is missing it prints nothing and needs no network.
 *
 *   node bin/setup.js            what the service needs
 *   node bin/setup.js --lab      and what the lab's virtual machines need
 *   node bin/setup.js --test     and what `npm test` needs
 */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const runtime = join(root, 'node_modules/.bin/node')
/** Stands there while npm works. */
const unfinished = join(root, 'node_modules/.unfinished')

/** The runtime keeps what it made of our sources: it starts in half the time. */
export const environment = {
  NODE_COMPILE_CACHE: join(root, '.setup/compiled'),
  ...process.env,
}

/** Sets everything up; answers the exit code: 0, or 1 after saying what failed and what to do. */
export function setUp(args) {
  const everything = args.includes('--test')
  if (!isInstalled(everything) && !install(everything || hasTestPackages())) return 1
  if (!existsSync(runtime)) {
    say(
      `there is no Node runtime for ${process.platform} on ${process.arch}: Bootlace runs on Linux, x64 and arm64. ` +
        'If this is one of them, delete node_modules and start again.',
    )
    return 1
  }
  const main = join(root, 'src/setup/setup-command.ts')
  const { status, signal } = spawnSync(runtime, [main, ...args], {
    stdio: 'inherit',
    env: environment,
  })
  return signal === null ? (status ?? 1) : 1
}

/**
 * Whether node_modules holds what package-lock.json says: npm keeps a list of what it installed
 * there. Optional packages are for other systems or came with those that are not.
 */
function isInstalled(everything) {
  const present = readPackages('node_modules/.package-lock.json')
  if (present === undefined || existsSync(unfinished) || !existsSync(runtime)) return false
  const wanted = Object.entries(readPackages('package-lock.json') ?? {}).filter(
    ([path, { dev, optional, devOptional, link }]) =>
      path !== '' && !optional && !devOptional && !link && (everything || !dev),
  )
  return wanted.every(([path, { version }]) => present[path]?.version === version)
}

/** Packages of the tests that somebody installed are kept up to date, not taken away. */
function hasTestPackages() {
  return existsSync(join(root, 'node_modules/vitest'))
}

function readPackages(name) {
  try {
    return JSON.parse(readFileSync(join(root, name), 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * The service needs 60 packages, tests 170. `npm install --no-save`, not `npm ci`: both take the
 * versions and check sums of the lockfile and leave it as it is, but `npm ci` refuses it where the
 * registry has not every optional package for every other system. An installation that was
 * interrupted is begun anew.
 */
function install(everything) {
  const started = Date.now()
  say(`installing Node packages${everything ? ', those of the tests too' : ''} …`)
  if (existsSync(unfinished) || !existsSync(join(root, 'node_modules/.package-lock.json'))) {
    rmSync(join(root, 'node_modules'), { recursive: true, force: true })
  }
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(unfinished, '')
  const order = ['install', '--no-save', ...(everything ? [] : ['--omit=dev'])]
  // One small question first: with no network, npm asks for every package in vain, for minutes.
  const question = npm(['view', 'fastify', 'version', '--fetch-retries=1'])
  const { status, reason } = question.status === 0 ? npm(order) : question
  if (status === 0) {
    linkRuntime()
    rmSync(unfinished)
    say(`Node packages: ${((Date.now() - started) / 1000).toFixed(1)} s`)
    return true
  }
  say(
    `cannot install the Node packages: ${reason}\n` +
      'Check that this machine reaches its npm registry ("npm ping"; a proxy: "npm config set proxy …") ' +
      'and that the disk is not full, then start again.',
  )
  return false
}

/** Debian 13's npm 9 leaves the runtime out of `.bin`, as the packages name it on one system only. */
function linkRuntime() {
  const own = `node-${process.platform}-${process.arch}/bin/node`
  if (existsSync(runtime) || !existsSync(join(root, 'node_modules', own))) return
  mkdirSync(dirname(runtime), { recursive: true })
  symlinkSync(join('..', own), runtime)
}

/** Runs npm quietly; `reason` has the first of its words where it failed. */
function npm(args) {
  // Inside `npm start` npm says where it is; it need not be in the PATH.
  const itself = process.env.npm_execpath
  const [program, ...first] = itself?.endsWith('.js') ? [process.execPath, itself] : ['npm']
  // The lockfile names versions and check sums, so what npm has in its cache is as good.
  const quiet = ['--prefer-offline', '--loglevel=error', '--no-audit', '--no-fund']
  const patience = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000']
  const { status, error, stderr } = spawnSync(program, [...first, ...args, ...quiet, ...patience], {
    cwd: root,
    encoding: 'utf8',
  })
  const words = (stderr ?? '').trim().split('\n').slice(0, 12).join('\n')
  return { status, reason: error?.message ?? `npm ended with code ${status}\n${words}` }
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`)
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [major] = process.versions.node.split('.').map(Number)
  if (major < 20) {
    say(`Node ${process.versions.node} is too old: Bootlace starts with Node 20 or later.`)
    process.exitCode = 1
  } else process.exitCode = setUp(process.argv.slice(2))
}
