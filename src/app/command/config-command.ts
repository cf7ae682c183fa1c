/** `config check FILE`: everything that is wrong with a configuration, before anything is opened. */
import { parseArgs } from 'node:util'
import { InputError } from '../../core/errors.ts'
import { loadConfig } from '../config/config.ts'
import { answerProblems } from '../config/answer-problems.ts'
import { missingFiles, missingPaths } from '../config/config-paths.ts'

const help = `bootlace config check FILE

Reads FILE as \`serve --config FILE\` would and tells every problem at once, each with line and key,
what was found and what is allowed; where there are none, which files that it names are not there;
and where they are, what is wrong with the unattended files of its hosts, each rendered and checked as
the installer of its image would.
Exit code 0 when it is good, 2 when it is not.

Example: bootlace config check bootlace.yaml`

export async function configCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean' } },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const [verb, file, ...rest] = positionals
  if (verb !== 'check' || file === undefined || rest.length > 0) throw new InputError([help])
  const config = loadConfig({ file, environment: process.env })
  const missing = [...missingPaths(config), ...missingFiles(config)]
  const problems = missing.length > 0 ? missing : await answerProblems(config)
  if (problems.length > 0) throw new InputError(problems.map((problem) => `${file}: ${problem}`))
  console.log(`${file}: good`)
  return 0
}
