/** `kickstart check` and `kickstart render`: what is wrong with a kickstart, and what a host gets. */
import { parseArgs } from 'node:util'
import { exampleVariables } from '../../boot/kickstart/host-variables.ts'
import { installers, releases } from '../../boot/kickstart/installers.ts'
import type { Scalar, Variables } from '../../boot/kickstart/kickstart-template.ts'
import { hideSecrets, kickstartJson } from '../../boot/kickstart/render-kickstart.ts'
import { InputError } from '../../core/errors.ts'
import { loadConfig } from '../config/config.ts'
import { readKickstart } from '../kickstart/kickstart-file.ts'
import { hostKickstart } from '../kickstart/kickstart-host.ts'
import { reportKickstart, sentence } from '../kickstart/kickstart-report.ts'
import { askedInstaller, checkFile } from './kickstart-check.ts'

const help = `bootlace kickstart check FILE [--installer V] [--var NAME=VALUE]... [--json]
bootlace kickstart render HOST --installer V [--config FILE] [--server ADDRESS] [--secrets] [--json]

check reads a Photon OS kickstart as that installer would, and tells every problem at once, each with
line and key, the reason and what is allowed. Stricter than the installer: what would fail once the
disk is wiped is refused, too. Without --installer it is checked for the newest, and which others take
it is told. Exit code 0 when it is taken, 2 when it is not.

render prints what the host of that name in the configuration gets. Passwords, hashes and variables
that are called like one are hidden unless --secrets.

  --installer V   ${installers.slice(0, 6).join(', ')},
                  ${installers.slice(6).join(', ')},
                  or a release: ${releases.map(({ name }) => name).join(', ')}
  --var N=VALUE   a value for \${vars.N} where no host gives one; several times
  --config FILE   the configuration that names the host; default: as for serve
  --server A      this service's address as the host sees it; default: in the host's network
  --json          everything as one JSON object

Example: bootlace kickstart check kickstarts/photon-minimal.yaml --installer 5.0
         bootlace kickstart render web-01 --installer 5.0 --config bootlace.yaml`

const options = {
  help: { type: 'boolean' },
  installer: { type: 'string' },
  var: { type: 'string', multiple: true, default: [] as string[] },
  config: { type: 'string' },
  server: { type: 'string' },
  secrets: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

type Options = ReturnType<typeof parse>['values']

export function kickstartCommand(args: string[]): Promise<number> {
  const { values, positionals } = parse(args)
  if (values.help === true) {
    console.log(help)
    return Promise.resolve(0)
  }
  const [verb, name, ...rest] = positionals
  if (name === undefined || rest.length > 0 || (verb !== 'check' && verb !== 'render')) {
    throw new InputError([help])
  }
  const code =
    verb === 'check'
      ? checkFile(name, exampleVariables(new Map(values.var.map(variableOf))), values)
      : render(name, values)
  return Promise.resolve(code)
}

function parse(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options })
}

function render(name: string, values: Options): number {
  if (values.installer === undefined) {
    throw new InputError(['--installer is missing: which one the image of the host has, e.g. 5.0'])
  }
  const config = loadConfig({ file: values.config, environment: process.env })
  const { file, variables } = hostKickstart(config, name, { server: values.server })
  const report = reportKickstart(
    readKickstart(file),
    variables,
    askedInstaller(values.installer).installer,
  )
  const isRefused = report.verdict === 'refused'
  if (values.json) {
    const kickstart = shownConfig(report.kickstart, variables, values.secrets)
    console.log(JSON.stringify({ host: name, ...report, kickstart }))
  } else {
    for (const problem of report.problems) console.error(sentence(report.file, problem))
    for (const note of report.notes) console.error(`${report.file}: ${note}`)
    if (!isRefused) {
      process.stdout.write(kickstartJson(shownConfig(report.kickstart, variables, values.secrets)))
    }
  }
  return isRefused ? 2 : 0
}

function shownConfig(config: unknown, variables: Variables, hasSecrets: boolean): unknown {
  return hasSecrets ? config : hideSecrets(config, variables)
}

/** Numbers and true or false as such, as the configuration's YAML has them. */
function variableOf(text: string): readonly [string, Scalar] {
  const at = text.indexOf('=')
  if (at < 1) throw new InputError([`--var: found ${text}, allowed: NAME=VALUE`])
  const value = text.slice(at + 1)
  if (/^-?\d{1,15}$/.test(value)) return [text.slice(0, at), Number(value)]
  return [text.slice(0, at), value === 'true' || value === 'false' ? value === 'true' : value]
}
