/** What every part of the bench is, and what it gives back. */
import type { Table } from './table.ts'

export interface BenchOptions {
  /** How often each figure is taken; the peers and Bootlace take turns. */
  readonly rounds: number
  /** A folder for this run's files; removed afterwards. */
  readonly folder: string
  /** Tells the person who waits what is being measured. */
  readonly say: (line: string) => void
}

export interface Report {
  /** How it was measured, in a sentence or two; what the columns mean. */
  readonly how: string
  readonly table: Table
}

export interface Part {
  readonly title: string
  readonly run: (options: BenchOptions) => Promise<Report>
}
