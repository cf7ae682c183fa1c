/** The table of TinyVM's page: heading → cell, the last one where a heading comes twice. */
export function rowsOf(page: string): Record<string, string> {
  return Object.fromEntries(
    [...page.matchAll(/<th>(.*?)<\/th>\s*<td>(.*?)<\/td>/gs)].map(([, th = '', td = '']) => [
      th,
      td
        .replaceAll(/<[^>]*>/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ]),
  )
}
