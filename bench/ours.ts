/** Bootlace itself, started as a user starts it: `serve --config FILE`. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))

/** The project's own Node. */
export const node = `${home}node_modules/.bin/node`

/** Writes the configuration (YAML takes JSON as it stands) and answers the command. */
export async function serveCommand(file: string, config: object): Promise<readonly string[]> {
  await writeFile(file, JSON.stringify(config, undefined, 2))
  return [node, `${home}src/main.ts`, 'serve', '--config', file]
}
