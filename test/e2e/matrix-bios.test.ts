/** The matrix, BIOS machines: each row to TinyVM's report. */
import { test } from 'vitest'
import { bootCell, chosenCells, isBios, namedRows } from './matrix-rows.ts'

test.for(namedRows(chosenCells.filter(isBios)))('%s', ([, cell]) => bootCell(cell))
