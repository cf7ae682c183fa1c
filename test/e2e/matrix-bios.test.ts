/** The matrix, BIOS machines: each row to TinyVM's report. */
import { test } from 'vitest'
import { bootCell, rowsOf } from './matrix-rows.ts'

test.for(rowsOf('bios', 'ipxe'))('%s', ([, cell]) => bootCell(cell))
