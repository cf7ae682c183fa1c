/**
 * What a figure cost: processor seconds of a process with all its threads and children, and how
 * busy the rest of the machine was meanwhile. Source: proc(5).
 */
import { readFileSync, readdirSync } from 'node:fs'

/** USER_HZ: what /proc counts in. */
const ticksPerSecond = 100

/** Between two looks at a tree, milliseconds: a child that nobody waits for takes its count with it. */
const pace = 50

/** What a stretch of time cost. */
export interface Cost {
  /** Wall time. */
  readonly seconds: number
  /** Processor seconds of each watched process tree, in the order given. */
  readonly cpu: readonly number[]
  /** Cores that were busy with somebody else's work, on average. */
  readonly foreign: number
}

/** Does the work and says what it cost the process trees of these pids. */
export async function account<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<readonly [T, Cost]> {
  const trees = pids.map((pid) => new Tree(pid))
  const own = new Tree(process.pid)
  const timer = setInterval(() => [...trees, own].forEach((tree) => tree.look()), pace)
  const before = { at: performance.now(), busy: busySeconds() }
  try {
    const result = await work()
    const seconds = (performance.now() - before.at) / 1000
    const foreign = (busySeconds() - before.busy - own.used()) / seconds
    return [
      result,
      { seconds, cpu: trees.map((tree) => tree.used()), foreign: Math.max(0, foreign) },
    ]
  } finally {
    clearInterval(timer)
  }
}

interface Times {
  /** With its threads, those that ended included. */
  readonly own: number
  /** Of children that ended and were waited for. */
  readonly reaped: number
}

const none: Times = { own: 0, reaped: 0 }

/** A process with its children, watched for a while. */
class Tree {
  readonly #root: number
  readonly #before: ReadonlyMap<number, Times>
  readonly #last = new Map<number, Times>()

  constructor(root: number) {
    this.#root = root
    this.#before = new Map(treeTimes(root))
    this.look()
  }

  look(): void {
    for (const [pid, times] of treeTimes(this.#root)) this.#last.set(pid, times)
  }

  /** Processor seconds since the beginning. */
  used(): number {
    this.look()
    const alive = new Map(treeTimes(this.#root))
    let [living, reaped, vanished] = [0, 0, 0]
    for (const [pid, last] of this.#last) {
      const before = this.#before.get(pid) ?? none
      if (alive.has(pid)) {
        living += last.own - before.own
        reaped += last.reaped - before.reaped
      } else vanished += last.own - before.own
    }
    return living + Math.max(reaped, vanished)
  }
}

function treeTimes(pid: number): readonly (readonly [number, Times])[] {
  const times = timesOf(pid)
  if (times === undefined) return []
  return [[pid, times], ...childrenOf(pid).flatMap(treeTimes)]
}

/** A process and its children, theirs included. */
export function processTree(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)]
}

function childrenOf(pid: number): readonly number[] {
  return list(`/proc/${pid}/task`)
    .flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' '))
    .filter(Boolean)
    .map(Number)
}

function timesOf(pid: number): Times | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === '') return undefined
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const seconds = (...indexes: readonly number[]): number =>
    indexes.reduce((sum, index) => sum + (fields[index] ?? 0), 0) / ticksPerSecond
  // The scheduler's nanoseconds, or the counters of 10 ms where those know of more: ended threads.
  return { own: Math.max(scheduledSeconds(pid), seconds(11, 12)), reaped: seconds(13, 14) }
}

function scheduledSeconds(pid: number): number {
  let nanoseconds = 0
  for (const thread of list(`/proc/${pid}/task`)) {
    nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0)
  }
  return nanoseconds / 1e9
}

/** All processors: user, nice, system, irq, softirq, and what the hypervisor took (steal). */
function busySeconds(): number {
  const fields = read('/proc/stat').split('\n', 1)[0]?.split(/\s+/).slice(1).map(Number) ?? []
  const ticks = [0, 1, 2, 5, 6, 7].reduce((sum, index) => sum + (fields[index] ?? 0), 0)
  return ticks / ticksPerSecond
}

/** Load of the last minute. */
export function load(): number {
  return Number(read('/proc/loadavg').split(' ')[0])
}

/** Processes end while we look. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
