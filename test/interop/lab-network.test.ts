/** The lab cleans up: after itself, when it is interrupted, and after one that was killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { openNetwork, removeLeftovers } from '../../src/lab/network.ts'
import { run, startIn } from '../../src/lab/processes.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))
const node = `${home}node_modules/.bin/node`

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** The namespaces of the lab that runs in this process. */
async function namespacesOf(pid: number | undefined): Promise<string[]> {
  const prefix = `bootlace-${pid?.toString(36)}x`
  const list = await run('ip', 'netns', 'list')
  return list.split('\n').filter((line) => line.startsWith(prefix))
}

function start(...argv: string[]): ChildProcess {
  const child = spawn(node, argv, { cwd: home, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

/** Not a zombie, either: this machine's first process may not collect them. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('a network goes with its lab, and what still runs in it', async () => {
  const network = await openNetwork()
  const namespace = await network.attach('srv', '192.168.50.1/24')
  const sleeper = startIn(namespace, ['sleep', '600'])
  const ended = once(sleeper, 'exit')
  expect(await namespacesOf(process.pid)).toHaveLength(2)
  await network[Symbol.asyncDispose]()
  await ended
  expect(await namespacesOf(process.pid)).toEqual([])
})

test('a server sees the lab’s network and no other', async () => {
  await using network = await openNetwork()
  const namespace = await network.attach('srv', '192.168.50.1/24')
  const routes = await run('ip', '-n', namespace, 'route')
  expect(routes.trim()).toMatch(/^192\.168\.50\.0\/24 dev eth0 [^\n]*$/)
  const links = await run('ip', '-n', namespace, '-br', 'link')
  expect(links.match(/^\w+/gm)).toEqual(['lo', 'eth0'])
})

test('what a killed lab left behind is removed by the next one; living labs are left alone', async () => {
  const script = `
    const { openNetwork } = await import('./src/lab/network.ts')
    const { startIn } = await import('./src/lab/processes.ts')
    const network = await openNetwork()
    const sleeper = startIn(await network.attach('srv', '192.168.50.1/24'), ['sleep', '600'])
    console.log(sleeper.pid)
    setInterval(() => {}, 1000)`
  const lab = start('--input-type=module', '--eval', script)
  const sleeper = Number(String((await once(lab.stdout!, 'data'))[0]))
  await removeLeftovers()
  expect(await namespacesOf(lab.pid)).toHaveLength(2)
  lab.kill('SIGKILL')
  await once(lab, 'exit')
  await removeLeftovers()
  expect(await namespacesOf(lab.pid)).toEqual([])
  await expect.poll(() => isRunning(sleeper)).toBe(false)
})

test('a namespace that is called otherwise is somebody else’s', async () => {
  const theirs = 'bl0x1-theirs'
  await run('ip', 'netns', 'add', theirs)
  try {
    await removeLeftovers()
    expect(await run('ip', 'netns', 'list')).toContain(theirs)
  } finally {
    await run('ip', 'netns', 'del', theirs).catch(() => undefined)
  }
})

test('a program that exits takes with it what changed its rights and so outlives its parent', async () => {
  const script = `
    const { openNetwork } = await import('./src/lab/network.ts')
    const { startIn } = await import('./src/lab/processes.ts')
    const network = await openNetwork()
    const argv = ['setpriv', '--pdeathsig', 'clear', '--', 'sleep', '600']
    const sleeper = startIn(await network.attach('srv', '192.168.50.1/24'), argv)
    process.once('SIGTERM', () => process.exit(1))
    console.log(sleeper.pid)
    setInterval(() => {}, 1000)`
  const program = start('--input-type=module', '--eval', script)
  const sleeper = Number(String((await once(program.stdout!, 'data'))[0]))
  program.kill('SIGTERM')
  await once(program, 'exit')
  expect(await namespacesOf(program.pid)).toEqual([])
  await expect.poll(() => isRunning(sleeper)).toBe(false)
})

test.for(['SIGINT', 'SIGTERM'] as const)('%s ends a boot in order', async (signal) => {
  const lab = start('src/main.ts', 'lab', '--json')
  await once(lab.stdout!, 'data') // power on
  expect(await namespacesOf(lab.pid)).not.toEqual([])
  const said: string[] = []
  lab.stdout!.on('data', (text) => said.push(String(text)))
  lab.kill(signal)
  const [code] = await once(lab, 'exit')
  expect(code).toBe(1)
  expect(said.join('')).toContain('interrupted')
  expect(await namespacesOf(lab.pid)).toEqual([])
})
