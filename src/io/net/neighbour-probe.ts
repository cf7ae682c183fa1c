/**
 * Asking the network who has an address, without any privilege: a datagram to it makes the kernel
 * ask by ARP, and the kernel's neighbour table shows the answer a moment later. Port 9 is `discard`
 * (RFC 863): a host that is there throws the datagram away.
 */
import { formatIpv4, type Ipv4, type Mac } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { neighboursOn } from './neighbours.ts'
import { openUdp } from './udp.ts'

export interface NeighbourProbe {
  ask(address: Ipv4): void
  /** The table as it is now; undefined where the system shows none. */
  answers(): ((address: Ipv4) => Mac | undefined) | undefined
  close(): Promise<void>
}

/** @throws SystemError when no socket can be opened. */
export async function openNeighbourProbe(device: string, clock: Clock): Promise<NeighbourProbe> {
  const port = await openUdp({
    address: '0.0.0.0',
    port: 0,
    device,
    clock,
    receive: () => undefined,
  })
  return {
    ask: (address) => port.send(new Uint8Array(), { address: formatIpv4(address), port: discard }),
    answers: () => {
      const table = neighboursOn(device)
      return table && ((address) => table.get(formatIpv4(address)))
    },
    close: () => port.close(),
  }
}

const discard = 9
