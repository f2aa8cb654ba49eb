// A person who has a keyboard and no mouse, in a browser of their own.
import { createHmac } from 'node:crypto'
import { check } from './visit.mjs'

// More than any page has that can be reached.
const STOPS_MAX = 60

export class Person {
  constructor(page) {
    this.page = page
    this.errors = []
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && this.errors.push(message.text()))
    page.on('pageerror', (error) => this.errors.push(String(error)))
  }

  static async come(browser, options) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options })
    context.setDefaultTimeout(120_000)
    return new Person(await context.newPage())
  }

  go(address) {
    return this.page.goto(address)
  }

  /** Goes on from one element to the next until it is this one, and sees which it is. */
  async reach(selector) {
    for (let stop = 0; stop < STOPS_MAX; stop++) {
      const { is, outlined } = await this.page.evaluate((selector) => {
        const active = document.activeElement
        return { is: active.matches(selector), outlined: getComputedStyle(active).outlineStyle !== 'none' }
      }, selector)
      if (is) return check(outlined, `${selector} is not seen to have the focus at ${this.page.url()}`)
      await this.page.keyboard.press('Tab')
    }
    throw new Error(`no key leads to ${selector} at ${this.page.url()}`)
  }

  async type(selector, text) {
    await this.reach(selector)
    await this.page.keyboard.press('Control+A')
    await this.page.keyboard.insertText(text)
  }

  async tick(selector) {
    await this.reach(selector)
    await this.page.keyboard.press('Space')
  }

  /** Presses what has the focus, and waits for what comes of it. */
  async enter() {
    await Promise.all([this.page.waitForNavigation(), this.page.keyboard.press('Enter')])
  }

  async press(selector) {
    await this.reach(selector)
    await this.enter()
  }

  cameBackWith(what) {
    check(this.page.url().includes(what), `it came back with ${this.page.url()}`)
    this.errors.length = 0
  }

  async signIn(username, password) {
    await this.type('input[name=username]', username)
    await this.type('input[name=password]', password)
    await this.enter()
  }

  async code(code) {
    await this.type('input[name=code]', code)
    await this.enter()
  }

  /** An authenticator of theirs, in the browser: it keeps passkeys, and sees who holds it. */
  async authenticator() {
    const wire = await this.page.context().newCDPSession(this.page)
    await wire.send('WebAuthn.enable', { enableUI: false })
    const options = {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true
    }
    const { authenticatorId } = await wire.send('WebAuthn.addVirtualAuthenticator', { options })
    const about = (more) => ({ authenticatorId, ...more })
    const touches = (enabled) => wire.send('WebAuthn.setAutomaticPresenceSimulation', about({ enabled }))
    return {
      touches,
      touchesOnce: () => wire.once('WebAuthn.credentialAsserted', () => touches(false)),
      verifies: (isUserVerified) => wire.send('WebAuthn.setUserVerified', about({ isUserVerified })),
      credentials: async () => (await wire.send('WebAuthn.getCredentials', about())).credentials,
      leave: () => wire.send('WebAuthn.disable')
    }
  }

  leave() {
    return this.page.context().close()
  }
}

// What an application on a telephone tells now (RFC 6238).
export function codeOf(secret) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const hash = createHmac('sha1', key).update(counter).digest()
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
