/** `hash-password`: the hash of a password, for menu entries, kickstarts and accounts. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { InputError } from '../../core/errors.ts'
import { cryptHash, grubHash } from '../../io/password-hash.ts'

const help = `bootlace hash-password [--grub]

Reads a password, from the terminal without showing it or from standard input up to the first line
break, and prints its hash: SHA-512 crypt ($6$…), as Linux, PXELINUX and iPXE's menus take it. With
--grub the other form (grub.pbkdf2.sha512.…), which the GRUB menu takes.

Example: bootlace hash-password
         printf %s "$PASSWORD" | bootlace hash-password --grub`

export async function hashCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { help: { type: 'boolean' }, grub: { type: 'boolean', default: false } },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const password = process.stdin.isTTY ? await askTwice() : await firstLine()
  if (password === '') throw new InputError(['the password is empty'])
  console.log(values.grub ? await grubHash(password) : cryptHash(password))
  return 0
}

async function askTwice(): Promise<string> {
  const password = await ask('Password: ')
  if ((await ask('Again: ')) !== password) throw new InputError(['the two are not the same'])
  return password
}

/** What is typed is not shown: readline writes it where nobody looks. */
async function ask(prompt: string): Promise<string> {
  process.stderr.write(prompt)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  lines.once('SIGINT', () => process.exit(1))
  try {
    return await lines.question('')
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}

async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) return line
  return ''
}
