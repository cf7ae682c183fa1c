/**
 * A client that costs next to nothing: `node discard.ts PORT PATH CONNECTIONS SECONDS` asks
 * 127.0.0.1 for one file again and again over kept connections. Prints `{ bytes, requests, seconds, firstOctet }`,
 * the last in milliseconds, of the request in the middle. For bodies of megabytes: for small ones wrk is the better client.
 */
import { Connection, awaitReadable } from './discard-connection.ts'
import { median } from './table.ts'

const [port = 0, connections = 1, seconds = 1] = [2, 4, 5].map((n) => Number(process.argv[n]))
const path = process.argv[3] ?? '/'

const open = Array.from({ length: connections }, () => new Connection(port))
const waits: number[] = []
let requests = 0
const start = performance.now()
const askedAt = open.map((connection) => ask(connection))
while (performance.now() - start < seconds * 1000) {
  const readable = awaitReadable(open)
  open.forEach((connection, index) => {
    if (readable[index] !== true) return
    const { hadFirst, isWhole } = connection.take()
    if (hadFirst) waits.push(performance.now() - (askedAt[index] ?? 0))
    if (!isWhole) return
    requests += 1
    askedAt[index] = ask(connection)
  })
}
const bytes = open.reduce((total, connection) => total + connection.bytes, 0)
const elapsed = (performance.now() - start) / 1000
console.log(JSON.stringify({ bytes, requests, seconds: elapsed, firstOctet: median(waits) }))

function ask(connection: Connection): number {
  connection.ask(path)
  return performance.now()
}
