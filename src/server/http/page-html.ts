/** Pieces of HTML that the page is made of. What they are given as HTML is so already; text is not. */

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

export function section(title: string, body: string): string {
  return `<h2>${title}</h2>\n${body}`
}

const nothing = '<p class="none">nothing yet</p>'

export function list(items: readonly string[]): string {
  if (items.length === 0) return nothing
  return `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return nothing
  const head = heads.map((text) => `<th>${text}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
  return `<table><tr>${head}</tr>${body.join('\n')}</table>`
}

export function code(text: string | undefined): string {
  return text === undefined ? '' : `<code>${escapeHtml(text)}</code>`
}

export function clock(at: number): string {
  const iso = new Date(at).toISOString()
  return `<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`
}
