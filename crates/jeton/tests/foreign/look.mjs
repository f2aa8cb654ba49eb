// Looks at a page as it is: a picture of it, and whatever is wrong.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SIZES_MAX = 6
// Runs in the page: what can be counted there.
const measure = () => {
  const shown = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility())
  const ownText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())
  return {
    wide: document.documentElement.scrollWidth,
    seen: document.documentElement.clientWidth,
    broken: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
    scripts: [...document.scripts].map((script) => script.src && new URL(script.src).pathname),
    hasPasskeys: !!document.querySelector('form[data-passkey]'),
    sizes: shown.filter((element) => ownText(element) || element.matches('input')).map((element) => getComputedStyle(element).fontSize),
    text: document.body.innerText
  }
}

/** What is found on the pages that somebody looks at. */
export class Looks {
  found = []
  sizes = new Set()
  paths = new Set()

  /** Where `closely`, each look takes a picture and asks axe; otherwise the first at each path does. */
  constructor(pictures, closely) {
    Object.assign(this, { pictures, closely })
  }

  async at(page, errors, name, kind) {
    const place = `${name} ${kind}`
    const say = (what) => this.found.push(`${place}: ${what}`)
    const told = errors.splice(0).filter((text) => !/^Failed to load resource: .* status of 4\d\d/.test(text))
    told.forEach((text) => say(`the console says: ${text}`))
    const path = new URL(page.url()).pathname
    const isQuick = !this.closely && this.paths.has(path)
    this.paths.add(path)
    const { wide, seen, broken, scripts, hasPasskeys, sizes, text } = await page.evaluate(measure)
    sizes.forEach((size) => this.sizes.add(size))
    if (wide > seen) say(`it is ${wide} wide where ${seen} are seen`)
    const isOurs = scripts.every((script) => /^\/assets\/passkey-[0-9a-f]{16}\.js$/.test(script))
    if (!isOurs || scripts.length !== (hasPasskeys ? 1 : 0)) say(`it has script: ${scripts}`)
    broken.forEach((source) => say(`no picture at ${source}`))
    for (const raw of text.match(/\d{4}-\d\d-\d\dT\S*|\{[a-z_]+\}/g) ?? []) say(`${raw} is for programs`)
    errors.length = 0
    if (isQuick) return
    await page.screenshot({ path: join(this.pictures, `${name}-${kind}.png`), fullPage: true })
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => globalThis.axe.run({ rules: { 'target-size': { enabled: true } } }))
    for (const { id, help, nodes } of violations) say(`${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`)
    errors.length = 0
  }

  /** All that is wrong, with what is wrong of all pages together. */
  all(paths) {
    const unseen = paths.filter((path) => !this.paths.has(path)).map((path) => `nobody looked at ${path}`)
    const sizes = [...this.sizes].sort()
    return [...this.found, ...unseen, ...(sizes.length > SIZES_MAX ? [`there are ${sizes.length} sizes of type: ${sizes}`] : [])]
  }
}
