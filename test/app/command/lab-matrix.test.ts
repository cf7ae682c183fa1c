import { afterEach, expect, test, vi } from 'vitest'
import { bootMatrix, listMatrix } from '../../../src/app/command/lab-matrix.ts'
import { parseLabArguments } from '../../../src/app/command/lab-options.ts'
import { allCells } from '../../../src/lab/matrix.ts'

afterEach(() => void vi.restoreAllMocks())

/** The cells that `lab --list --json` prints. */
function listed(...args: string[]): Record<string, string>[] {
  const print = vi.spyOn(console, 'log').mockReturnValue()
  expect(listMatrix(parseLabArguments(['--json', ...args]))).toBe(0)
  const lines = String(print.mock.calls[0]?.[0]).split('\n')
  vi.restoreAllMocks()
  return lines.map((line) => JSON.parse(line) as Record<string, string>)
}

function valuesOf(cells: readonly Record<string, string>[], name: string): string[] {
  return [...new Set(cells.map((cell) => cell[name] ?? ''))]
}

test('with nothing else asked for the whole matrix is listed, with reasons', () => {
  const cells = listed()
  expect(cells).toHaveLength(allCells.length)
  expect(cells.some(({ reason }) => reason === undefined)).toBe(true)
  expect(valuesOf(cells, 'reason')).toContain('PXELINUX runs on a BIOS only')
})

test.for([
  ['start', ['uefi', 'uefi secure', 'ia32', 'arm64', 'arm64 secure'], '--firmware', 'uefi'],
  ['start', ['bios', 'ipxe', 'uefi', 'uefi secure', 'http', 'http secure'], '--arch', 'x64'],
  ['start', ['uefi secure', 'http secure', 'arm64 secure'], '--secure-boot'],
  ['mode', ['auto', 'auto rival'], '--mode', 'auto'],
  ['mode', ['auto rival'], '--rival'],
  ['loader', ['grub'], '--loader', 'grub'],
  ['card', ['e1000'], '--nic', 'e1000'],
] as const)('%s is one of %j with %s %s', ([name, values, ...args]) => {
  expect(valuesOf(listed(...args), name)).toEqual(values)
})

test('that nothing of what was asked for boots is the person’s mistake', async () => {
  const wanted = parseLabArguments(['--all', '--firmware', 'bios', '--loader', 'grub'])
  await expect(bootMatrix(wanted, new AbortController().signal)).rejects.toThrow('lab --list')
})
