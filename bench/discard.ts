/**
 * A client that costs next to nothing: `node discard.ts PORT PATH CONNECTIONS SECONDS` asks
 * 127.0.0.1 for one file again and again over kept connections. Prints `{ bytes, requests, seconds }`.
 * For bodies of megabytes: for small ones wrk is the better client.
 */
import { Connection, awaitReadable } from './discard-connection.ts'

const [port = 0, connections = 1, seconds = 1] = [2, 4, 5].map((n) => Number(process.argv[n]))
const path = process.argv[3] ?? '/'

const open = Array.from({ length: connections }, () => new Connection(port))
let requests = 0
const start = performance.now()
for (const connection of open) connection.ask(path)
while (performance.now() - start < seconds * 1000) {
  const readable = awaitReadable(open)
  open.forEach((connection, index) => {
    if (readable[index] !== true || !connection.take().isWhole) return
    requests += 1
    connection.ask(path)
  })
}
const bytes = open.reduce((total, connection) => total + connection.bytes, 0)
console.log(JSON.stringify({ bytes, requests, seconds: (performance.now() - start) / 1000 }))
