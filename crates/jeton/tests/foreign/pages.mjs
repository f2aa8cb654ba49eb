// A browser on every page, small and large, light and dark: pictures, and whatever is wrong with them. Whoever walks here has no mouse.
import { mkdirSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { Looks } from './look.mjs'
import { Person, codeOf } from './person.mjs'
import { check, did, settings } from './visit.mjs'

const { issuer, client_id, redirect_uri, scope, password, device, people, paths, pictures, browser: executablePath, all } = settings
mkdirSync(pictures, { recursive: true })
const looks = new Looks(pictures, all)

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

// A device asks, and shows what somebody types (RFC 8628).
async function asks() {
  const body = new URLSearchParams({ client_id: device, scope: 'openid offline_access orders:read' })
  const answer = await fetch(`${issuer}/oauth/device_authorization`, { method: 'POST', body })
  return answer.json()
}

// Somebody walks over all pages; `see` looks at the one where they are.
async function whatGoesWrong({ ada, at, see }) {
  await at(asked({ client_id: 'client_nobody' }), 'unknown-application')
  await at(asked({ redirect_uri: 'https://elsewhere.example/' }), 'unknown-address')
  await at(`${issuer}/oauth/authorize`, 'unreadable')
  await at(asked({ client_id: device }), 'not-for-people')
  await at(`${issuer}/oauth/authorize?${new URLSearchParams({ client_id, request_uri: 'urn:ietf:params:oauth:request_uri:x' })}`, 'handed-in')
  await at(`${issuer}/assets/nothing`, 'nowhere')
  await at(`${issuer}/signin?flow=aaaaaaaa`, 'flow-that-is-over')
  await ada.go(`${issuer}/account`)
  await ada.page.evaluate(() => (document.querySelector('input[name=form]').value = 'AAAAAAAAAAAAAAAAAAAAAA'))
  await ada.press('form button')
  await see('form-that-is-old')
}

async function isInvited({ ada, link, at, see }) {
  await at(link, 'link')
  await ada.type('input[name=password]', 'short')
  await ada.enter()
  await see('link-refused')
  await ada.type('input[name=password]', password)
  await ada.enter()
  check(ada.page.url().includes('/signin'), `it led to ${ada.page.url()}`)
  await at(link, 'link-that-was-used')
}

async function forgets({ ada, username, see }) {
  await ada.go(`${issuer}/signin`)
  await ada.press('a[href*="/forgot"]')
  await see('forgot')
  await ada.type('input[name=username]', username)
  await ada.enter()
  await see('forgot-asked')
}

async function comesByAProvider({ ada, at, see }) {
  await at(`${issuer}/signin`, 'sign-in-by-a-provider')
  await ada.press('a[href*="/signin/with/corp"]')
  await see('provider-without-answer')
}

async function signsIn({ ada, username, at, see }) {
  await at(asked({ scope: 'openid orders:read' }), 'sign-in')
  await ada.signIn(username, 'not my password')
  await see('sign-in-refused')
  await ada.type('input[name=password]', password)
  await ada.enter()
  await see('consent')
  await ada.press('button[value=allow]')
  ada.cameBackWith('code=jtn_ac_')
  await ada.go(asked({}))
  await ada.reach('summary')
  await ada.page.keyboard.press('Enter')
  await see('consent-to-more')
  await ada.press('button[value=deny]')
  ada.cameBackWith('error=access_denied')
  await at(asked({ prompt: 'login' }), 'sign-in-again')
  await at(asked({ scope: 'openid orders:read', response_mode: 'form_post' }), 'going-on')
}

async function connectsDevices({ ada, at, see }) {
  const type = async (code, name) => {
    await ada.type('input[name=user_code]', code)
    await ada.enter()
    await see(name)
  }
  await at(`${issuer}/device`, 'device')
  await type('television', 'device-no-code')
  await type('BCDF-GHJK', 'device-unknown')
  await type((await asks()).user_code, 'device-consent')
  await ada.press('button[value=deny]')
  await see('device-refused')
  await at((await asks()).verification_uri_complete, 'device-typed')
  await ada.press('button.first')
  await ada.press('button[value=allow]')
  await see('device-connected')
}

async function looksAfterTheAccount({ ada, username, browser, options, at, see }) {
  const signsInElsewhere = async () => {
    const elsewhere = await Person.come(browser, options)
    await elsewhere.go(`${issuer}/signin`)
    await elsewhere.signIn(username, password)
    await elsewhere.leave()
  }
  const changes = async (ada, present, chosen) => {
    await ada.type('input[name=password]', present)
    await ada.type('input[name=new_password]', chosen)
    await ada.enter()
  }
  await at(`${issuer}/account`, 'account')
  await ada.press('a[href$="/address"]')
  await see('address')
  await ada.press('form button')
  await see('address-asked')
  await ada.go(`${issuer}/account`)
  await ada.press('a[href$="/providers"]')
  await see('providers')
  await ada.go(`${issuer}/account`)
  await ada.press('a[href$="/password"]')
  await see('password')
  await changes(ada, 'not my password', `${password} anew`)
  await see('password-refused')
  await changes(ada, password, `${password} anew`)
  await see('password-changed')
  await changes(ada, `${password} anew`, password)
  for (let other = 0; other < 2; other++) await signsInElsewhere()
  await ada.go(`${issuer}/account`)
  await ada.press('a[href$="/sessions"]')
  await see('sessions')
  await ada.press('button[name=session]')
  await ada.press('button[name=others]')
  await see('sessions-ended')
  await at(`${issuer}/account/applications`, 'applications')
  await ada.press('button[name=client]')
  await ada.press('button[name=client]')
  await see('applications-none')
}

async function makesTokens({ ada, at, see }) {
  await at(`${issuer}/account/tokens`, 'tokens-none')
  await ada.press('a[href*="/tokens/new"]')
  await see('new-token')
  // A name that is a secret is refused.
  await ada.type('input[name=name]', (await asks()).device_code)
  await ada.enter()
  await see('new-token-refused')
  await ada.type('input[name=name]', 'reports on my laptop')
  await ada.tick('input[name="scope:orders:read"]')
  await ada.reach('select')
  await ada.page.keyboard.press('ArrowDown')
  await ada.press('button.first')
  await see('token-made')
  await ada.press('main a')
  await see('tokens')
  await ada.press('button[name=token]')
  await at(`${issuer}/account/activity`, 'activity')
}

async function hasASecondFactor({ ada, username, at, see }) {
  const code = async (code, name) => {
    await ada.code(code)
    await see(name)
  }
  const sheet = () => ada.page.locator('main li code').allInnerTexts()
  await at(`${issuer}/account/second-factor`, 'second-factor')
  await code('000000', 'second-factor-refused')
  const address = await ada.page.locator('a[href^="otpauth:"]').getAttribute('href')
  await code(codeOf(new URL(address).searchParams.get('secret')), 'recovery-codes')
  const [first] = await sheet()
  await at(`${issuer}/account/second-factor`, 'second-factor-set')
  await code('no such code', 'second-factor-wrong')
  await code(first, 'recovery-codes-anew')
  const [second, third] = await sheet()
  await ada.go(`${issuer}/account`)
  await ada.press('form button')
  await see('signed-out')
  await at((await asks()).verification_uri_complete, 'device-signed-out')
  await ada.press('button.first')
  await see('sign-in-for-device')
  await ada.signIn(username, password)
  await see('second-step')
  await code('no such code', 'second-step-refused')
  await ada.code(second)
  await ada.go(`${issuer}/account/second-factor`)
  await ada.type('input[name=code]', third)
  await ada.press('button[value=remove]')
  await see('second-factor-removed')
}

async function hasPasskeys({ ada, username, at, see }) {
  const authenticator = await ada.authenticator()
  // The page goes on by itself once the authenticator has answered.
  const ended = async (selector) => {
    await ada.reach(selector)
    await Promise.all([ada.page.waitForNavigation(), ada.page.keyboard.press('Enter')])
  }
  await ada.go(`${issuer}/signin`)
  if (await ada.page.locator('input[name=password]').count()) await ada.signIn(username, password)
  await at(`${issuer}/account/passkeys`, 'passkeys-none')
  await ada.type('input[name=name]', 'Key on my desk')
  await ended('form[data-passkey] button')
  await see('passkeys')
  check((await ada.page.locator('main li').count()) === 1, 'the passkey is not there')
  // The same authenticator is known: it says so, and nothing is added.
  await ada.reach('form[data-passkey] button')
  await ada.page.keyboard.press('Enter')
  await ada.page.locator('[data-passkey-problem]').waitFor({ state: 'visible' })
  await see('passkeys-again')
  await ada.go(`${issuer}/account`)
  await ada.press('form button')
  // Nobody touches it: the page says so.
  await authenticator.touches(false)
  await at(`${issuer}/signin`, 'sign-in-with-passkey')
  await authenticator.verifies(false)
  await authenticator.touches(true)
  await ada.reach('form[data-passkey] button')
  await ada.page.keyboard.press('Enter')
  await ada.page.locator('[data-passkey-problem]').waitFor({ state: 'visible' })
  await see('passkey-not-shown')
  await authenticator.verifies(true)
  await ended('form[data-passkey] button')
  check(ada.page.url().endsWith('/account'), `the passkey led to ${ada.page.url()}`)
  await ada.press('form button')
  // Offered among the names, nothing is pressed.
  await ada.page.goto(`${issuer}/signin`)
  await ada.page.waitForURL(`${issuer}/account`)
  // Whoever takes it away elsewhere.
  const kept = await authenticator.credentials()
  check(kept.length === 1 && kept[0].isResidentCredential && kept[0].signCount > 1, JSON.stringify(kept))
  await ada.go(`${issuer}/account/passkeys`)
  await ada.press('button[name=remove]')
  check((await ada.page.locator('main li').count()) === 0, 'the passkey is there still')
  await ada.go(`${issuer}/account`)
  await ada.press('form button')
  // The page that refuses offers it once more: nobody touches it then.
  authenticator.touchesOnce()
  await ada.go(`${issuer}/signin`)
  await ada.page.waitForURL(/\/signin\/passkey/)
  await see('passkey-refused')
  await authenticator.leave()
  await ada.go(`${issuer}/signin`)
  await ada.signIn(username, password)
}

async function signsOutOfAnApplication({ ada, at, see }) {
  const logout = (more) => `${issuer}/oauth/logout?${new URLSearchParams(more)}`
  await at(logout({ id_token_hint: 'x.y.z' }), 'no-such-hint')
  await at(logout({ client_id }), 'signing-out')
  await ada.press('button[value=deny]')
  await ada.go(logout({ client_id }))
  await ada.press('button[value=allow]')
  await see('signed-out-of-an-application')
}

async function walk(browser, { username, link, width, colours: colorScheme }) {
  const options = { viewport: { width, height: 800 }, colorScheme }
  const ada = await Person.come(browser, options)
  const see = (name) => looks.at(ada.page, ada.errors, name, `${width}-${colorScheme}`)
  const at = async (address, name) => {
    await ada.go(address)
    await see(name)
  }
  const about = { ada, username, link, browser, options, at, see }
  const parts = [isInvited, forgets, comesByAProvider, signsIn, connectsDevices, looksAfterTheAccount, makesTokens, hasASecondFactor, hasPasskeys, whatGoesWrong]
  for (const part of [...parts, signsOutOfAnApplication]) await part(about)
  await ada.leave()
}

// The application is not there: what it is sent comes here, and is nothing that is known here.
const resolved = `--host-resolver-rules=MAP ${new URL(redirect_uri).host} 127.0.0.1:${new URL(issuer).port}`
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', resolved] })
try {
  for (const person of people) await walk(browser, person)
} finally {
  await browser.close()
}
const wrong = looks.all(paths)
check(wrong.length === 0, `\n${wrong.join('\n')}`)
did('pages')
