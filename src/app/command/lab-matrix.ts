/** `lab --list` and `lab --all`: the matrix, or as much of it as the other options leave. */
import { InputError } from '../../core/errors.ts'
import { type Cell, allCells, gapOf, labOf } from '../../lab/matrix.ts'
import { type CellResult, walkMatrix } from '../../lab/matrix-run.ts'
import { cellJson, listText, resultText, resultsText } from '../../lab/matrix-text.ts'
import { prepareLab } from '../../lab/requirements.ts'
import type { LabArguments } from './lab-options.ts'

export function listMatrix(wanted: LabArguments): number {
  const cells = allCells.filter((cell) => isWanted(cell, wanted))
  console.log(wanted.json ? cells.map(cellJson).join('\n') : listText(cells))
  return 0
}

/** Goes on after a failure; 1 when there was one. */
export async function bootMatrix(wanted: LabArguments, signal: AbortSignal): Promise<number> {
  const cells = allCells.filter((cell) => gapOf(cell) === undefined && isWanted(cell, wanted))
  if (cells.length === 0) throw new InputError(['no such combination boots: see lab --list'])
  const { jobs, timeout, json } = wanted
  const files = await prepareLab({ arm64: cells.some((cell) => labOf(cell).arch === 'arm64') })
  const onResult = (result: CellResult): void =>
    console.log(json ? asJson(result) : resultText(result))
  const results = await walkMatrix(cells, { jobs, timeout, files, signal, onResult })
  if (!json) console.log(`\n${resultsText(results)}`)
  return results.every(({ ok }) => ok) ? 0 : 1
}

function asJson({ cell, ...result }: CellResult): string {
  return JSON.stringify({ ...cell, ...result })
}

/** What was not asked for is not asked about: every value of it remains. */
function isWanted(cell: Cell, wanted: LabArguments): boolean {
  const { firmware, arch = 'x64', secureBoot = false, mode, rival = false } = labOf(cell)
  const asked: readonly (readonly [unknown, unknown])[] = [
    [wanted.firmware, firmware],
    [wanted.arch, arch],
    [wanted.secureBoot || undefined, secureBoot],
    [wanted.mode, mode],
    [wanted.rival || undefined, rival],
    [wanted.loader, cell.loader],
    [wanted.card, cell.card],
  ]
  return asked.every(([value, has]) => value === undefined || value === has)
}
