import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('a word that is no command is the person’s mistake, also one that every object knows', () => {
  for (const word of ['bot', 'toString', '__proto__']) {
    const { status, stderr } = spawnSync(process.execPath, ['src/main.ts', word])
    expect(status).toBe(2)
    expect(stderr.toString()).toContain(`there is no command ${word}`)
  }
})
