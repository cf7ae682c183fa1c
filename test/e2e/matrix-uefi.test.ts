/** The matrix, UEFI machines that boot by PXE, with and without Secure Boot. */
import { test } from 'vitest'
import { bootCell, rowsOf } from './matrix-rows.ts'

test.for(rowsOf('uefi', 'uefi secure'))('%s', ([, cell]) => bootCell(cell))
