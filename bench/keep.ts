/** Keeps a table in docs/performance.md, between the marks of its part, with date and machine. */
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { SystemError } from '../src/core/errors.ts'
import type { Report } from './part.ts'
import { renderTable } from './table.ts'

const page = new URL('../docs/performance.md', import.meta.url)

export async function keepTable(
  part: string,
  { how, table, conditions }: Report & { readonly conditions: string },
): Promise<void> {
  const text = await readFile(page, 'utf8')
  const [begin, end] = [`<!-- bench ${part} -->`, `<!-- /bench ${part} -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new SystemError(`docs/performance.md lacks ${begin} and ${end}`)
  const date = new Date().toISOString().slice(0, 10)
  const section = `${date}, ${await machine()}, ${conditions}\n\n${how}\n\n${renderTable(table)}`
  await writeFile(page, `${text.slice(0, from + begin.length)}\n\n${section}\n\n${text.slice(to)}`)
}

async function machine(): Promise<string> {
  const [processor] = cpus()
  const system = /^PRETTY_NAME="(.*)"$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores (${processor?.model.trim()}), ${memory} GiB, ${system}, Linux ${release()}`
}
