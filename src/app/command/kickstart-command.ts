/** `kickstart check` and `kickstart render`: what is wrong with a kickstart, and what a host gets. */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { exampleVariables } from '../../boot/kickstart/host-variables.ts'
import { installers, releases } from '../../boot/kickstart/installers.ts'
import type { Scalar } from '../../boot/kickstart/template-reference.ts'
import { InputError } from '../../core/errors.ts'
import { checkFile } from './kickstart-check.ts'
import { checkHost, renderHost } from './kickstart-render.ts'

const help = `bootlace kickstart check FILE [--installer V] [--var NAME=VALUE]... [--json]
bootlace kickstart check HOST [--config FILE] [--installer V] [--json]
bootlace kickstart render HOST [--config FILE] [--server ADDRESS] [--installer V] [--secrets] [--json]

check reads a Photon OS kickstart as that installer would, and tells every problem at once, each with
line and key, the reason and what is allowed. Stricter than the installer: what would fail once the
disk is wiped is refused, too. Without --installer it is checked for the newest, and which others take
it is told. Files of other systems (preseed, Red Hat, AutoYaST, Agama, autoinstall, Ignition, Talos,
setup-alpine) are told by what is in them; their variables are filled in and their form is checked.
Of a host its own is checked, with its values, for the installer of its image. Exit code 0 when it is
taken, 2 when it is not.

render prints what the host of that name in the configuration gets, whichever system its image is.
Passwords, hashes and variables that are called like one are hidden unless --secrets.

  --installer V   ${installers.slice(0, 6).join(', ')},
                  ${installers.slice(6).join(', ')},
                  or a release: ${releases.map(({ name }) => name).join(', ')};
                  of a host, by default what its image has
  --var N=VALUE   a value for \${vars.N} where no host gives one; several times
  --config FILE   the configuration that names the host; default: as for serve
  --server A      this service's address as the host sees it; default: in the host's network
  --json          everything as one JSON object

Example: bootlace kickstart check kickstarts/photon-minimal.yaml --installer 5.0
         bootlace kickstart render web-01 --config bootlace.yaml`

const options = {
  help: { type: 'boolean' },
  installer: { type: 'string' },
  var: { type: 'string', multiple: true, default: [] as string[] },
  config: { type: 'string' },
  server: { type: 'string' },
  secrets: { type: 'boolean', default: false },
  'show-secrets': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

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
  const secrets = values.secrets || values['show-secrets']
  if (verb === 'render') return renderHost(name, { ...values, secrets })
  if (isHost(name)) return checkHost(name, { ...values, secrets })
  const variables = exampleVariables(new Map(values.var.map(variableOf)))
  return Promise.resolve(checkFile(name, variables, values))
}

/** A word that is no file here. */
function isHost(name: string): boolean {
  return /^\w[\w-]*$/.test(name) && !existsSync(name)
}

function parse(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options })
}

/** Numbers and true or false as such, as the configuration's YAML has them. */
function variableOf(text: string): readonly [string, Scalar] {
  const at = text.indexOf('=')
  if (at < 1) throw new InputError([`--var: found ${text}, allowed: NAME=VALUE`])
  const value = text.slice(at + 1)
  if (/^-?\d{1,15}$/.test(value)) return [text.slice(0, at), Number(value)]
  return [text.slice(0, at), value === 'true' || value === 'false' ? value === 'true' : value]
}
