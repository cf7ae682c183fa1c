#!/usr/bin/env node
/**
 * `npx bootlace COMMAND`: sets up what is missing, then runs the command under the runtime that the
 * project pins, with our terminal; its exit code is ours.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { environment, root, runtime, setUp } from './setup.js'

const failed = setUp([])
if (failed !== 0) process.exit(failed)

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']

const child = spawn(runtime, [join(root, 'src/main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: environment,
})
child.on('error', (error) => {
  process.stderr.write(`bootlace: ${error.message}\n`)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  for (const name of signals) process.removeAllListeners(name)
  if (signal === null) process.exitCode = code ?? 1
  else process.kill(process.pid, signal)
})

// A terminal sends Ctrl-C to both of us; a second signal would mean "at once" to the service.
for (const name of signals) {
  process.on(name, () => {
    if (name === 'SIGTERM' || !process.stdin.isTTY) child.kill(name)
  })
}
