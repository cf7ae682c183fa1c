/** Ties this terminal to a machine's serial console until the person has had enough. */
import type { SerialConsole } from './console.ts'

/** Ctrl-], as in telnet: nothing on the machine itself needs it. */
const leave = '\u001d'

/** Resolves after Ctrl-], at the end of standard input, or when the machine is off. */
export async function watchConsole(console: SerialConsole, off: Promise<void>): Promise<void> {
  const { stdin, stdout } = process
  const detach = console.attach(stdout)
  const isTerminal = stdin.isTTY
  if (isTerminal) stdin.setRawMode(true)
  try {
    await Promise.race([off, typeUntilLeft(console)])
  } finally {
    if (isTerminal) stdin.setRawMode(false)
    stdin.pause()
    detach()
  }
}

function typeUntilLeft(console: SerialConsole): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.setEncoding('latin1').on('data', (text: string) => {
      const [typed = '', ...rest] = text.split(leave)
      console.type(typed)
      if (rest.length > 0) resolve()
    })
    process.stdin.on('end', resolve)
  })
}
