/** ELF files for tests: as small as they can be. */
import { fromLatin1, latin1 } from '../../src/wire/bytes.ts'

/** The smallest object file with these sections: header, contents, table of sections. */
export function elfFile(sections: Readonly<Record<string, string>>): Uint8Array {
  const named = { ...sections, '.shstrtab': '' }
  const names = `\0${Object.keys(named).join('\0')}\0`
  const contents = Object.entries(named).map(([name, text]) =>
    name === '.shstrtab' ? names : text,
  )
  const offsets = contents.map((_, index) => 64 + contents.slice(0, index).join('').length)
  const table = 64 + contents.join('').length
  const file = new Uint8Array(table + 64 * (contents.length + 1))
  const view = new DataView(file.buffer)
  file.set(fromLatin1('\u007fELF\u0002\u0001\u0001'))
  view.setBigUint64(0x28, BigInt(table), true)
  view.setUint16(0x3c, contents.length + 1, true)
  view.setUint16(0x3e, contents.length, true)
  for (const [index, name] of Object.keys(named).entries()) {
    const at = table + 64 * (index + 1)
    file.set(fromLatin1(contents[index] ?? ''), offsets[index])
    view.setUint32(at, names.indexOf(`\0${name}\0`) + 1, true)
    view.setBigUint64(at + 0x18, BigInt(offsets[index] ?? 0), true)
    view.setBigUint64(at + 0x20, BigInt(contents[index]?.length ?? 0), true)
  }
  return file
}

/** A program or a library that is linked to these. */
export function programFile(libraries: readonly string[], interpreter?: string): Uint8Array {
  const names = `\0${libraries.join('\0')}\0`
  const entries = libraries.map((library) => ({
    tag: 1,
    value: names.indexOf(`\0${library}\0`) + 1,
  }))
  const table = new DataView(new ArrayBuffer(16 * (entries.length + 1)))
  for (const [index, { tag, value }] of entries.entries()) {
    table.setBigUint64(16 * index, BigInt(tag), true)
    table.setBigUint64(16 * index + 8, BigInt(value), true)
  }
  return elfFile({
    '.dynamic': latin1(new Uint8Array(table.buffer)),
    '.dynstr': names,
    ...(interpreter === undefined ? {} : { '.interp': `${interpreter}\0` }),
  })
}
