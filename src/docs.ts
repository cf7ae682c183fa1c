/** `npm run docs` writes the generated pages; with `--check` it only says which are out of date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { referencePages } from './app/command/reference.ts'

const check = process.argv.includes('--check')

for (const [name, text] of referencePages()) {
  const file = join('docs', name)
  if (!check) writeFileSync(file, text)
  else if (!isCurrent(file, text)) {
    console.error(`${file} is out of date: run \`npm run docs\``)
    process.exitCode = 1
  }
}

function isCurrent(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text
  } catch {
    return false
  }
}
