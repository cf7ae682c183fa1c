/**
 * The npm package `dhcp` as a client. It names neither server nor, the first time, address in its
 * REQUEST, and it hears only packets to an address that the machine has: so it is run where the
 * address is set, and asks twice; the second REQUEST looks like INIT-REBOOT. Writes what it gets.
 */
import { createRequire } from 'node:module'

interface NpmDhcpClient {
  on(event: 'bound', listener: (state: { readonly address: string }) => void): void
  on(event: 'message', listener: (message: { readonly options: object }) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  listen(port?: number, host?: string, done?: () => void): void
  sendDiscover(): void
  close(): void
}
interface NpmDhcp {
  createClient(options: {
    readonly mac: string
    readonly features: readonly string[]
  }): NpmDhcpClient
}

const [, , mac = ''] = process.argv
const dhcp = createRequire(import.meta.url)('dhcp') as NpmDhcp
const client = dhcp.createClient({ mac, features: ['router'] })
let asked = 0
client.on('error', (error) => process.stdout.write(`error ${String(error)}\n`))
client.on('message', ({ options }) => {
  process.stdout.write(`message ${JSON.stringify(options)}\n`)
})
client.on('bound', (state) => {
  process.stdout.write(`bound ${JSON.stringify(state)}\n`)
  clearInterval(timer)
  client.close()
})
client.listen(68, '0.0.0.0', () => client.sendDiscover())
const timer = setInterval(() => {
  if (asked++ < 8) client.sendDiscover()
  else process.exit(1)
}, 500)
