/** The matrix, UEFI machines: each row to TinyVM's report. */
import { test } from 'vitest'
import { bootCell, chosenCells, isBios, namedRows } from './matrix-rows.ts'

const cells = chosenCells.filter((cell) => !isBios(cell))

test.for(namedRows(cells))('%s', ([, cell]) => bootCell(cell))
