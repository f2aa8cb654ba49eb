// A browser on every page, small and large, light and dark: pictures, and whatever is wrong with them.
import { createHmac } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { check, did, settings } from './visit.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const { issuer, client_id, redirect_uri, scope, password, pictures, browser: executablePath, all } = settings
mkdirSync(pictures, { recursive: true })

const asked = (more) => {
  const parameters = {
    client_id,
    redirect_uri,
    response_type: 'code',
    scope,
    state: 's',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256'
  }
  return `${issuer}/oauth/authorize?${new URLSearchParams({ ...parameters, ...more })}`
}

const found = []

// Looks at a page as it is now.
async function look(page, errors, name, kind) {
  const place = `${name} ${kind}`
  const told = errors.splice(0).filter((text) => !/^Failed to load resource: .* status of 4\d\d/.test(text))
  told.forEach((text) => found.push(`${place}: the console says: ${text}`))
  const { wide, seen, broken } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    seen: document.documentElement.clientWidth,
    broken: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src)
  }))
  if (wide > seen) found.push(`${place}: it is ${wide} wide where ${seen} are seen`)
  broken.forEach((source) => found.push(`${place}: no picture at ${source}`))
  await page.screenshot({ path: join(pictures, `${name}-${kind}.png`), fullPage: true })
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  for (const { id, help, nodes } of violations) found.push(`${place}: ${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`)
  errors.length = 0
}

// What an application on a telephone tells now (RFC 6238).
function codeOf(secret) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const hash = createHmac('sha1', key).update(counter).digest()
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

async function walk(browser, width, colorScheme, isLast) {
  const kind = `${width}-${colorScheme}`
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width, height: 800 }, colorScheme })
  context.setDefaultTimeout(120_000)
  const page = await context.newPage()
  const errors = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(String(error)))
  const seen = (name) => look(page, errors, name, kind)
  // Presses a button, and waits for what comes of it.
  const press = (button) => Promise.all([page.waitForNavigation(), page.locator(button).last().click()])
  const signIn = async (typed) => {
    await page.locator('input[name=username]').fill('ada')
    await page.locator('input[name=password]').fill(typed)
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
  }

  await page.goto(asked({ client_id: 'client_nobody' }))
  await seen('unknown-application')
  await page.goto(asked({ redirect_uri: 'https://elsewhere.example/' }))
  await seen('unknown-address')
  await page.goto(asked({ prompt: 'consent' }))
  await seen('sign-in')
  await signIn('not my password')
  await seen('sign-in-refused')
  await signIn(password)
  await seen('consent')
  await press('button[value=allow]')
  check(new URL(page.url()).searchParams.get('code')?.startsWith('jtn_ac_'), `it came back with ${page.url()}`)
  errors.length = 0
  await page.goto(`${issuer}/assets/nothing`)
  await seen('nowhere')
  await page.goto(`${issuer}/account`)
  await seen('account')
  await page.goto(`${issuer}/signin?flow=aaaaaaaa`)
  await seen('flow-that-is-over')
  await page.goto(`${issuer}/account/second-factor`)
  await seen('second-factor')
  if (isLast) {
    const address = await page.locator('a[href^="otpauth:"]').getAttribute('href')
    await page.locator('input[name=code]').fill(codeOf(new URL(address).searchParams.get('secret')))
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
    await seen('recovery-codes')
  }
  await page.goto(`${issuer}/account`)
  await press('form button')
  await seen('signed-out')
  if (isLast) {
    await page.goto(`${issuer}/account`)
    await signIn(password)
    await page.locator('input[name=code]').waitFor()
    await seen('sign-in-second-factor')
  }
  await context.close()
}

// The application is not there: what it is sent comes here, and is nothing that is known here.
const resolved = `--host-resolver-rules=MAP ${new URL(redirect_uri).host} 127.0.0.1:${new URL(issuer).port}`
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', resolved] })
try {
  const kinds = all ? [360, 1280].flatMap((width) => ['light', 'dark'].map((colours) => [width, colours])) : [[360, 'light']]
  // Whoever has a second factor is asked for it from then on.
  for (const [place, [width, colours]] of kinds.entries()) await walk(browser, width, colours, place === kinds.length - 1)
} finally {
  await browser.close()
}
check(found.length === 0, `\n${found.join('\n')}`)
did('pages')
