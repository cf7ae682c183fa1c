/** Boots the cells of the matrix one after the other, or some at a time, whatever becomes of each. */
import { SystemError, messageOf } from '../core/errors.ts'
import type { LabResult } from './boot-run.ts'
import { type LabOptions, runLab } from './lab.ts'
import { type Cell, labOf } from './matrix.ts'

export interface CellResult extends Pick<LabResult, 'ok' | 'seconds' | 'reason'> {
  readonly cell: Cell
}

export interface WalkOptions extends Pick<LabOptions, 'timeout' | 'files' | 'signal'> {
  /** How many machines run at the same time. */
  readonly jobs: number
  /** Hears each result as soon as it is there. */
  readonly onResult: (result: CellResult) => void
  /** Boots one cell; by default in a lab of its own. */
  readonly boot?: ((options: LabOptions) => Promise<LabResult>) | undefined
}

/** Answers the results in the order of the cells; fails only when it is interrupted. */
export async function walkMatrix(
  cells: readonly Cell[],
  { jobs, onResult, boot = runLab, ...options }: WalkOptions,
): Promise<readonly CellResult[]> {
  const results: CellResult[] = []
  const queue = cells.entries()
  const work = async (): Promise<void> => {
    for (const [index, cell] of queue) {
      options.signal?.throwIfAborted()
      const result = { cell, ...(await outcome(boot({ ...labOf(cell), ...options }), options)) }
      results[index] = result
      onResult(result)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return results
}

/** A lab that cannot be built is this cell's failure, too. */
async function outcome(
  boot: Promise<LabResult>,
  { signal }: Pick<WalkOptions, 'signal'>,
): Promise<Omit<CellResult, 'cell'>> {
  try {
    const { ok, seconds, reason } = await boot
    return { ok, seconds, reason }
  } catch (error) {
    if (!(error instanceof SystemError) || signal?.aborted === true) throw error
    return { ok: false, seconds: 0, reason: messageOf(error) }
  }
}
