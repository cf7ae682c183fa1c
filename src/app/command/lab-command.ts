/** `lab`: a private network and a virtual machine that boots through this very service. */
import { SystemError } from '../../core/errors.ts'
import { boardOf } from '../../lab/boards.ts'
import { runLab } from '../../lab/lab.ts'
import { resultJson, resultLine, stepJson, stepLine } from '../../lab/report.ts'
import { prepareLab } from '../../lab/requirements.ts'
import { watchConsole } from '../../lab/terminal.ts'
import type { VirtualMachine } from '../../lab/virtual-machine.ts'
import { bootMatrix, listMatrix } from './lab-matrix.ts'
import { type LabArguments, labHelp, parseLabArguments } from './lab-options.ts'
import { userConfig } from './lab-user-config.ts'

export async function labCommand(args: string[]): Promise<number> {
  const wanted = parseLabArguments(args)
  if (wanted.help) {
    console.log(labHelp)
    return 0
  }
  if (wanted.list) return listMatrix(wanted)
  if (wanted.all) return bootMatrix(wanted, interruption())
  return bootOne(wanted, interruption())
}

async function bootOne(wanted: LabArguments, signal: AbortSignal): Promise<number> {
  const { firmware = 'bios', mode = 'full', json, watch, config: _file, ...rest } = wanted
  boardOf({ ...rest, firmware })
  const line = json ? stepJson : stepLine
  const result = await runLab({
    ...rest,
    ...userConfig(wanted),
    firmware,
    mode,
    files: await prepareLab({ arm64: rest.arch === 'arm64' }),
    signal,
    onStep: (step) => print(line(step)),
    afterwards: watch ? (machine) => watchMachine(machine, signal) : undefined,
  })
  print(json ? resultJson(result) : resultLine(result))
  return result.ok ? 0 : 1
}

function print(text: string | undefined): void {
  if (text !== undefined) console.log(text)
}

/** Aborted by Ctrl-C and by SIGTERM: the run then ends in order, and leaves nothing behind. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  const interrupt = (): void => controller.abort(new SystemError('interrupted'))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  return controller.signal
}

async function watchMachine(machine: VirtualMachine, signal: AbortSignal): Promise<void> {
  console.log('the machine runs on, its console is here: Enter for a prompt, Ctrl-] ends it')
  const interrupted = new Promise<void>((resolved) => {
    signal.addEventListener('abort', () => resolved(), { once: true })
  })
  await watchConsole(machine.console, Promise.race([machine.off(), interrupted]))
}
