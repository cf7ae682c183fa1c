/** The keys of a machine's keyboard, by QEMU's names (QKeyCode, qemu-qmp-ref(7)). */

const named: ReadonlySet<string> = new Set(
  [
    'ret esc spc tab backspace up down left right home end pgup pgdn insert delete',
    'shift shift_r ctrl ctrl_r alt alt_r minus equal comma dot slash backslash semicolon',
    'apostrophe grave_accent bracket_left bracket_right',
  ].flatMap((line) => line.split(' ')),
)

/** What a message tells of the names. */
export const keysAllowed =
  'letters, digits, f1 to f12 and names such as down, up, ret, esc, tab, spc, backspace; ' +
  'keys pressed together are joined: shift-a'

/** Whether a keyboard has these keys: one, or several that are pressed together. */
export function isKeyPress(keys: string): boolean {
  return keys.split('-').every((key) => named.has(key) || /^(?:[a-z0-9]|f[1-9]|f1[0-2])$/.test(key))
}
