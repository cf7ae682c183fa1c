/**
 * Whether a guest really runs under KVM here. The device alone says nothing: where KVM is itself
 * emulated, SeaBIOS prints its banner and then nothing goes on. So: the processor must have the
 * extension, and a small machine must get its card's ROM up. Else QEMU translates (TCG), which is
 * fast enough for every boot of the lab.
 */
import { spawn } from 'node:child_process'
import { access, constants, readFile } from 'node:fs/promises'
import type { LabFiles } from '../setup/lab-files.ts'
import type { Acceleration } from './qemu.ts'

/** How long the trial machine gets, milliseconds; under a KVM that works it needs less than one second. */
const patience = 5_000

let chosen: Promise<Acceleration> | undefined

/** Finds out once per process. */
export function chooseAcceleration(files: LabFiles): Promise<Acceleration> {
  chosen ??= tryAcceleration(files)
  return chosen
}

async function tryAcceleration(files: LabFiles): Promise<Acceleration> {
  const processor = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!usable || !/^flags\s.*\b(vmx|svm)\b/m.test(processor)) return 'tcg'
  return (await guestRuns(files)) ? 'kvm' : 'tcg'
}

/** A diskless BIOS machine: iPXE's ROM has to get past its switch to protected mode. */
function guestRuns(files: LabFiles): Promise<boolean> {
  const trial = spawn('qemu-system-x86_64', trialArguments(files), {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: patience,
    killSignal: 'SIGKILL',
  })
  return new Promise((resolve) => {
    let text = ''
    trial.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      if (!text.includes('initialising devices...ok')) return
      resolve(true)
      trial.kill('SIGKILL')
    })
    trial.on('error', () => resolve(false))
    trial.on('close', () => resolve(false))
  })
}

function trialArguments(files: LabFiles): readonly string[] {
  const rom = files.rom('virtio-net-pci', 'bios')
  const card = `virtio-net-pci,netdev=net,bootindex=0,disable-legacy=on,romfile=${rom}`
  return [
    ['-nodefaults', '-no-user-config', '-accel', 'kvm', '-cpu', 'host', '-m', '128'],
    ['-M', 'pc,graphics=off', '-display', 'none', '-vga', 'std', '-serial', 'stdio'],
    ['-no-reboot', '-netdev', 'hubport,id=net,hubid=0', '-device', card],
  ].flat()
}
