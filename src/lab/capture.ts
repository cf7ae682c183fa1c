/** Writes down every packet on the lab's bridge, for Wireshark and for golden packets. */
import { setTimeout as delay } from 'node:timers/promises'
import { SystemError } from '../core/errors.ts'
import type { LabNetwork } from './network.ts'
import { type LabChild, isRunning, onLines, startIn, stop } from './processes.ts'

/** Starts capturing into a pcap file; resolves once nothing can be missed any more. */
export async function startCapture(network: LabNetwork, file: string): Promise<AsyncDisposable> {
  const argv = ['tcpdump', '-i', network.bridge, '-s', '1600', '-U', '--immediate-mode', '-w', file]
  const child = startIn(network.switch, [...argv, '-Z', 'root'])
  const said: string[] = []
  onLines(child.stderr, (line) => said.push(line))
  while (!said.some((line) => line.includes('listening on'))) {
    if (!isRunning(child)) throw new SystemError(`tcpdump does not start: ${said.join('; ')}`)
    await delay(20)
  }
  return { [Symbol.asyncDispose]: () => finish(child) }
}

/** The last packets are still on their way to the file when the machine is already off. */
async function finish(child: LabChild): Promise<void> {
  await delay(200)
  await stop(child)
}
