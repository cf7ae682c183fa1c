/** Bootlace's commands: each is a function of its arguments that answers with an exit code. */
import packageFile from '../package.json' with { type: 'json' }
import { cacheCommand } from './app/command/cache-command.ts'
import { configCommand } from './app/command/config-command.ts'
import { hashCommand } from './app/command/hash-command.ts'
import { hostCommand } from './app/command/host-command.ts'
import { imageCommand } from './app/command/image-command.ts'
import { kickstartCommand } from './app/command/kickstart-command.ts'
import { labCommand } from './app/command/lab-command.ts'
import { mirrorCommand } from './app/command/mirror-command.ts'
import { serveCommand } from './app/command/serve-command.ts'
import { InputError, SystemError, messageOf } from './core/errors.ts'

interface Command {
  readonly says: string
  readonly run: (args: string[]) => Promise<number>
}

const commands: Readonly<Record<string, Command>> = {
  serve: { says: 'the service: DHCP, TFTP, HTTP and the mirrors', run: serveCommand },
  lab: { says: 'boots a virtual machine through this very service', run: labCommand },
  image: { says: 'images: what is in them; add, list, remove', run: imageCommand },
  host: { says: 'how each host stands; install once more; what to boot next', run: hostCommand },
  mirror: { says: "an origin's certificate; vCenter's boot files", run: mirrorCommand },
  cache: { says: 'what mirrors have stored: look, check, fetch ahead, remove', run: cacheCommand },
  config: { says: 'config check FILE: tells everything that is wrong with it', run: configCommand },
  kickstart: { says: "checks Photon OS kickstarts, shows a host's", run: kickstartCommand },
  'hash-password': { says: 'the hash of a password, for menus and kickstarts', run: hashCommand },
}

process.exitCode = await main(process.argv.slice(2))

/** 0 done, 1 failed, 2 the input was wrong. */
async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === 'help') {
    console.log(usage())
    return name === undefined ? 2 : 0
  }
  if (name === '--version') {
    console.log(packageFile.version)
    return 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    console.error(`bootlace: there is no command ${name}\n\n${usage()}`)
    return 2
  }
  try {
    return await command.run(args)
  } catch (error) {
    return explain(error)
  }
}

function explain(error: unknown): number {
  if (error instanceof InputError) {
    for (const problem of error.problems) console.error(problem)
    return 2
  }
  // A mistake in the arguments, found by node:util parseArgs.
  if (error instanceof TypeError && 'code' in error && String(error.code).includes('PARSE_ARGS')) {
    console.error(`bootlace: ${error.message}`)
    return 2
  }
  if (error instanceof SystemError) console.error(`bootlace: ${error.message}`)
  else console.error(error instanceof Error ? error.stack : messageOf(error))
  return 1
}

function usage(): string {
  const lines = Object.entries(commands).map(([name, { says }]) => `  ${name.padEnd(13)} ${says}`)
  return `bootlace COMMAND [OPTIONS]

${lines.join('\n')}

bootlace COMMAND --help tells more. In a checkout, "npm start --" stands for "bootlace serve" and
"npm run bootlace --" for "bootlace".
Example: bootlace serve --subnet 192.168.50.0/24`
}
