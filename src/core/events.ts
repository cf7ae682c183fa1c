/**
 * What happened, as one stream: the log, the page, the boot timeline, `/events` and the lab all
 * read it. Servers emit; nobody decides anything here. A new outcome is a new row of `eventTypes`.
 */
import type { Mac } from './address.ts'

/** Every event: its log level, and what it means (printed in docs/log-events.md). */
export const eventTypes = {
  'service.ready': ['info', 'everything is open; `detail` says what is served where'],
  'service.stop': ['info', 'shutting down'],
  'service.hint': ['warn', 'something a person should know or do; `reason` says what'],
  'interface.open': ['info', 'an interface came into use'],
  'interface.close': ['info', 'an interface went away'],
  'dhcp.discover': ['debug', 'a machine asks for an address or boot data'],
  'dhcp.offer': ['info', 'address and boot data offered (full mode)'],
  'dhcp.ack': ['info', 'lease stored, then confirmed'],
  'dhcp.nak': ['info', 'request refused; `reason` says why'],
  'dhcp.release': ['info', 'a machine gave its address back'],
  'dhcp.decline': ['warn', 'a machine found its address in use; it is set aside for a while'],
  'dhcp.conflict': [
    'warn',
    'an address of the pool is used by somebody who has no lease for it; `reason` says by whom',
  ],
  'dhcp.inform': ['debug', 'configuration given to a machine that has its address'],
  'dhcp.ignore': ['debug', 'a packet left unanswered; `reason` says why'],
  'dhcp.exhausted': ['warn', 'no address left in the pool'],
  'dhcp.role': ['info', 'mode auto: what was found on a subnet, and who gives addresses there now'],
  'dhcp.malformed': ['debug', 'a packet that is not DHCP; dropped'],
  'proxy.offer': ['info', 'boot data offered beside another DHCP server'],
  'proxy.ack': ['info', 'boot data given on port 4011'],
  'tftp.start': ['debug', 'a read request was accepted'],
  'tftp.done': ['info', 'a file was delivered'],
  'tftp.probe': ['debug', 'the client only asked for the size and left: normal for UEFI firmware'],
  'tftp.missing': ['info', 'no such file; `nearest` names the closest one'],
  'tftp.refused': ['info', 'a request that is not allowed: a write, a way out of the root'],
  'tftp.abort': ['warn', 'a transfer ended early; `reason` says why'],
  'tftp.malformed': ['debug', 'a datagram that is not TFTP; dropped'],
  'http.done': ['info', 'a file was delivered'],
  'http.missing': ['info', 'no such path; `nearest` names the closest one'],
  'http.abort': ['warn', 'the client left in the middle of a file'],
  'menu.served': [
    'info',
    'a menu or a boot script was rendered for a machine; `entry` is its choice',
  ],
  'loader.works': ['info', 'a boot loader was seen to run on a machine; it is remembered'],
  'loader.silent': [
    'warn',
    'a boot loader arrived whole and was never started; `bootFile` is what the machine gets now',
  ],
  'menu.opened': ['info', 'the password of `entry` was right'],
  'menu.refused': ['warn', 'the password of `entry` was not; `reason` says why'],
  'image.ready': ['info', 'an image is served; `detail` says what it is, `entry` its name'],
  'image.gone': ['info', 'an image was taken away, or replaced'],
  'image.refused': ['warn', 'an image cannot be used; `reason` says why'],
  'install.armed': ['info', 'a host is to install `entry` at its next start'],
  'install.started': ['info', 'a machine was told to install `entry`, with the way to its answers'],
  'install.running': ['info', 'its installer fetched its answers: its disk may be wiped now'],
  'install.done': ['info', 'a machine reported that `entry` is installed'],
  'install.disk': ['info', 'an installed machine was sent to its disk'],
  'install.stopped': [
    'warn',
    'a machine would install itself again and again, and boots from its disk; `reason` says why',
  ],
  'install.refused': [
    'warn',
    'a machine boots from its disk because its answers are wrong; `reason` says what is',
  ],
  'install.withheld': [
    'warn',
    'a menu for a host that is to install went to another address, without the way to its answers',
  ],
  'answers.served': ['info', 'a file of the answers was handed to its machine'],
  'answers.refused': [
    'warn',
    'somebody asked for answers that are not his, or not now; `reason` says for which',
  ],
  'host.next': ['info', 'the user chose what a machine boots next; `entry` says what'],
  'api.refused': ['warn', 'a request that would change something came without the token'],
  'tinyvm.addresses': [
    'info',
    'a TinyVM said which addresses it is to have from its next start on; `detail` says which',
  ],
  'machine.up': ['info', 'the booted system reported that it is up'],
  'mirror.hit': ['info', 'served from the cache'],
  'mirror.join': ['info', 'served from a download that was already running'],
  'mirror.fill': ['info', 'served while being fetched and stored'],
  'mirror.stored': ['info', 'a payload is complete on disk'],
  'mirror.unstored': ['warn', 'a payload was served whole but not kept; `reason` says why'],
  'mirror.broken': ['warn', 'a download from the origin ended early; nothing was stored'],
  'mirror.damaged': [
    'warn',
    'a stored payload was no longer what its checksum says; removed, and fetched again when asked for',
  ],
  'mirror.pass': ['info', 'passed through, never stored; `reason` says why'],
  'mirror.observe': [
    'info',
    'no rule stores what several hosts got octet for octet the same; `reason` proposes one',
  ],
  'mirror.error': ['warn', 'the origin could not be reached or answered wrongly'],
  'mirror.refused': ['info', 'a request that the mirror says no to by itself; `reason` says why'],
} as const satisfies Record<string, readonly ['debug' | 'info' | 'warn', string]>

export type EventType = keyof typeof eventTypes

/**
 * One thing that happened. Addresses are text here: an event is read by people and programs
 * outside. Never holds a secret: no bodies, no query strings of a mirrored request.
 */
export interface ServiceEvent {
  readonly type: EventType
  /** Epoch milliseconds. */
  readonly at: number
  readonly mac?: Mac | undefined
  /** The machine's name in the configuration; the hub adds it. */
  readonly name?: string | undefined
  /** The machine's address, of either family. */
  readonly ip?: string | undefined
  readonly interface?: string | undefined
  /** DHCP transaction id. */
  readonly xid?: number | undefined
  /** What is asking: `firmware.ts` names, e.g. `uefi-x64`. */
  readonly firmware?: string | undefined
  /** Who is asking: `firmware`, `ipxe` or `system`. */
  readonly stage?: string | undefined
  readonly bootFile?: string | undefined
  /** A path in the boot tree, or the path of a URL. */
  readonly file?: string | undefined
  readonly nearest?: string | undefined
  readonly entry?: string | undefined
  readonly bytes?: number | undefined
  /** How long it took, milliseconds. */
  readonly ms?: number | undefined
  readonly status?: number | undefined
  readonly method?: string | undefined
  /** Name of the mirror. */
  readonly mirror?: string | undefined
  /** The program that asked, as it names itself. */
  readonly agent?: string | undefined
  readonly reason?: string | undefined
  readonly detail?: string | undefined
}

/** Hands an event to everybody who listens; the time is added by the hub. */
export type Emit = (event: Omit<ServiceEvent, 'at'>) => void
