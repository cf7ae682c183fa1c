/** Commits leases until it is killed; writes the number of each when it is confirmed. */
import { writeSync } from 'node:fs'
import { ipv4 } from '../../src/core/address.ts'
import { openLeaseStore } from '../../src/io/store/lease-store.ts'

const store = openLeaseStore(process.argv[2] ?? '')
for (let number = 1; number < 100_000; number++) {
  const key = `id:${number}`
  await store.commit([{ address: ipv4(number), key, state: 'bound', expires: 1e12 }])
  writeSync(1, `${number}\n`)
}
