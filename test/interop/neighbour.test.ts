import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { TestNetwork } from '../support/netns.ts'

const native = fileURLToPath(new URL('../../src/io/net/native.ts', import.meta.url))

test('a neighbour is in the kernel’s table without a question on the wire', async () => {
  await using network = new TestNetwork()
  const [here, there] = [network.namespace('a'), network.namespace('b')]
  network.link([here, 'one', '10.99.0.1/24'], [there, 'two'])
  const script = `
    import { setNeighbour } from ${JSON.stringify(native)}
    console.log(setNeighbour('one', '10.99.0.50', '52:54:00:12:34:56'))`
  const ran = await network.run(here, [process.execPath, '--input-type=module', '--eval', script])
  expect(ran.output.trim()).toBe('true')
  const table = await network.run(here, ['ip', 'neigh', 'show', 'dev', 'one'])
  expect(table.output).toMatch(/^10\.99\.0\.50 lladdr 52:54:00:12:34:56 /)
})
