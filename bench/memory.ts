/**
 * What a server needs of memory: the proportional set size of its processes, children included, at the
 * highest moment. The system's cache of files is not in it. Source: proc(5), smaps_rollup.
 */
import { readFileSync } from 'node:fs'
import { processTree } from './accounting.ts'

/** Between two looks, milliseconds: a look costs the kernel some work. */
const pace = 100

/** Does the work and says how many octets the process tree had at most meanwhile. */
export async function peakMemory<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<readonly [T, number]> {
  let peak = memoryOf(pid)
  const look = (): void => {
    peak = Math.max(peak, memoryOf(pid))
  }
  const timer = setInterval(look, pace)
  try {
    const result = await work()
    look()
    return [result, peak]
  } finally {
    clearInterval(timer)
  }
}

function memoryOf(pid: number): number {
  return processTree(pid).reduce((sum, one) => sum + proportionalSize(one), 0)
}

/** Of one process; what it shares with others is shared out. */
function proportionalSize(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(/^Pss: +(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
  } catch {
    return 0 // it has just ended
  }
}
