/**
 * Child processes of the lab: programs that run once, and programs that stay until they are
 * stopped. Every child is ended by its own pid, and dies with the lab even when that is killed.
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { SystemError } from '../core/errors.ts'

export type LabChild = ChildProcessByStdio<Writable, Readable, Readable>

/** How long a child gets between SIGTERM and SIGKILL, milliseconds. */
const patience = 5_000

/** Runs a program to its end and answers what it printed; SystemError with its own words if it fails. */
export function run(program: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const said = stderr.trim() === '' ? error.message : stderr.trim()
      reject(new SystemError(`${program} ${args.slice(0, 4).join(' ')}: ${said}`, { cause: error }))
    })
  })
}

/**
 * Starts a program inside a network namespace. `setpriv` makes the kernel end it when the lab
 * itself is killed, so that nothing keeps running in a namespace nobody knows of any more.
 */
export function startIn(namespace: string, argv: readonly string[]): LabChild {
  const wrapped = ['netns', 'exec', namespace, 'setpriv', '--pdeathsig', 'TERM', '--', ...argv]
  return spawn('ip', wrapped, { stdio: ['pipe', 'pipe', 'pipe'] })
}

export function isRunning(child: LabChild): boolean {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined
}

/** Ends a child by its pid: politely, then after five seconds for good. */
export async function stop(child: LabChild): Promise<void> {
  if (!isRunning(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  // `ref`: a child that has ended must not keep the lab waiting for the rest of the time.
  const late = delay(patience, false, { ref: false })
  const inTime = await Promise.race([ended.then(() => true), late])
  if (inTime) return
  child.kill('SIGKILL')
  await ended
}

/** Hands over each whole line of a stream; what is left at the end counts as a line, too. */
export function onLines(stream: Readable, take: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
  stream.on('end', () => {
    if (rest !== '') take(rest)
  })
}

/** A zombie is dead: only its parent has not asked yet what became of it. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
