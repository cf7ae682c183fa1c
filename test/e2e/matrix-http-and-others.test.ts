/** The matrix, UEFI HTTP boot, and processors other than x64. */
import { test } from 'vitest'
import { bootCell, rowsOf } from './matrix-rows.ts'

const http = rowsOf('http', 'http secure')
const others = rowsOf('ia32', 'arm64', 'arm64 secure', 'arm64 http')

test.for([...http, ...others])('%s', ([, cell]) => bootCell(cell))
