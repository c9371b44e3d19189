// Drives headless Chromium, with script switched off, through the pages of an account on a development server.
// Any console error, failed request, serious finding of axe or page wider than its window fails the story.
// usage: node pages.mjs SCREENSHOT_FOLDER SERVER_URL
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import jsQR from 'jsqr';
import { chromium } from 'playwright-core';

const [shots, server] = process.argv.slice(2);
const email = 'ada@example.com';
const [first, second] = ['correct horse battery staple', 'seven silent paper lanterns'];
const looked = new Set();
let glass;

// The code that an authenticator app shows: RFC 6238 with SHA-1, six digits and half a minute, at the server's time.
async function code(secret) {
  const { now } = await (await fetch(`${server}/dev/clock`)).json();
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30)));
  const hash = createHmac('sha1', key).update(step).digest();
  const number = hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

const later = (seconds) =>
  fetch(`${server}/dev/clock`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ advance_seconds: seconds }),
  });

async function mailed(pattern) {
  const mails = await (await fetch(`${server}/dev/mailbox`, { headers: { Accept: 'application/json' } })).json();
  return mails.find((mail) => mail.to === email && pattern.test(mail.text)).text.match(pattern)[0];
}

// What a camera reads of the drawing on the page.
async function scanned(page) {
  const drawing = page.locator('svg.qr');
  const side = Number((await drawing.getAttribute('viewBox')).split(' ')[2]);
  const path = await drawing.locator('path').last().getAttribute('d');
  const scale = 4;
  const pixels = new Uint8ClampedArray((side * scale) ** 2 * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = 0; row < scale; row += 1) {
      for (let column = 0; column < scale; column += 1) {
        const at = ((Number(y) * scale + row) * side * scale + Number(x) * scale + column) * 4;
        pixels.fill(0, at, at + 3);
      }
    }
  }
  return new URL(jsQR(pixels, side * scale, side * scale).data);
}

// Looks at a page as everybody might: in light and dark, on a desk, on a phone and enlarged to 200 %. What looks needs
// script, so it is given the same document at the same address.
async function look(page, name) {
  assert.equal(await page.locator('script').count(), 0, `${name} has a script`);
  assert.equal(await page.locator('h1').count(), 1, name);
  const body = await page.content();
  await glass.unrouteAll();
  await glass.route(page.url(), (route) => route.fulfill({ body, contentType: 'text/html; charset=utf-8' }));
  await glass.goto(page.url());
  await glass.evaluate(`${axe.source}; 0`);
  for (const colorScheme of ['light', 'dark']) {
    await glass.emulateMedia({ colorScheme });
    const { violations } = await glass.evaluate('axe.run()');
    const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
    assert.deepEqual(told, [], `${name}, ${colorScheme}`);
    for (const [what, width, height] of [['desk', 1280, 800], ['enlarged', 640, 400], ['phone', 360, 740]]) {
      await glass.setViewportSize({ width, height });
      const needed = await glass.evaluate('document.documentElement.scrollWidth');
      assert.ok(needed <= width, `${name} is wider than ${width} px: ${needed}`);
      if (colorScheme === 'dark' || what !== 'enlarged') {
        await glass.screenshot({ path: `${shots}/${name}-${colorScheme}-${what}.png`, fullPage: true });
      }
    }
  }
  looked.add(name);
}

async function press(page, text) {
  const [answer] = await Promise.all([page.waitForNavigation(), page.locator('button', { hasText: text }).click()]);
  return answer.status();
}

async function open(page, path) {
  await page.goto(`${server}${path}`);
}

async function logIn(page, password) {
  await page.locator('#email').fill(email);
  await page.locator('#password').fill(password);
  return press(page, 'Log in');
}

const at = (page) => page.url().slice(server.length);

async function registers(page) {
  await open(page, '/');
  assert.equal(at(page), '/login?return_to=%2Faccount');
  await look(page, 'login');
  await page.locator('a', { hasText: 'Make an account' }).click();
  await look(page, 'register');
  await page.locator('#name').fill('Ada Lovelace');
  await page.locator('#email').fill(email);
  await page.locator('#password').fill('password1');
  assert.equal(await press(page, 'Make the account'), 400);
  assert.equal(await page.locator('#password').inputValue(), '', 'no password comes back');
  await look(page, 'register-problem');
  await page.locator('#password').fill(first);
  assert.equal(await press(page, 'Make the account'), 200);
  assert.equal(at(page), '/register/done');
  await look(page, 'register-done');
  await page.locator('a', { hasText: 'ask for another one' }).click();
  await look(page, 'verify-again');
  await open(page, await mailed(/\/verify-email\?token=[\w.~-]+/));
  await look(page, 'verify');
  await press(page, 'Confirm');
  await page.locator('a.button').click();
  assert.equal(await logIn(page, 'wrong'), 401);
  await look(page, 'login-problem');
  assert.equal(await logIn(page, first), 200);
  assert.equal(at(page), '/account');
  await look(page, 'account');
  console.log('  - an account: made, proved and opened');
}

async function setsUpAnApp(page) {
  await page.locator('nav a', { hasText: 'Second factor' }).click();
  await look(page, 'security');
  await page.locator('a', { hasText: 'Set up the authenticator app' }).click();
  await look(page, 'app');
  await press(page, 'Set it up');
  await look(page, 'app-code');
  const secret = (await page.locator('.well code').innerText()).replaceAll(' ', '');
  const uri = await scanned(page);
  assert.equal(uri.protocol, 'otpauth:');
  assert.equal(uri.searchParams.get('secret'), secret, 'the picture says what is written');
  await page.locator('#code').fill('000000');
  assert.equal(await press(page, 'Switch it on'), 401);
  await look(page, 'app-problem');
  await page.locator('#code').fill(await code(secret));
  assert.equal(await press(page, 'Switch it on'), 200);
  await look(page, 'backup-codes');
  const codes = await page.locator('.codes code').allInnerTexts();
  assert.equal(codes.length, 5);
  await page.locator('a.button').click();
  await page.locator('a', { hasText: 'Change the authenticator app' }).click();
  await look(page, 'app-on');
  console.log('  - an authenticator app: set up from its picture');
  return { secret, codes };
}

async function comesBack(browser, { secret, codes }) {
  const other = await browser.newContext({ javaScriptEnabled: false });
  const page = await other.newPage();
  await open(page, '/account/keys');
  assert.equal(await logIn(page, first), 200);
  assert.equal(at(page), '/login/code?return_to=%2Faccount%2Fkeys');
  await look(page, 'login-code');
  await page.locator('#code').fill('000000');
  assert.equal(await press(page, 'Log in'), 401);
  await look(page, 'login-code-problem');
  await later(30);
  await page.locator('#code').fill(await code(secret));
  await press(page, 'Log in');
  assert.equal(at(page), '/account/keys', 'back where one wanted to go');
  await page.locator('a', { hasText: 'Log out' }).click();
  await look(page, 'logout');
  await press(page, 'Log out');
  await look(page, 'logged-out');
  assert.deepEqual(await other.cookies(), []);
  await open(page, '/login');
  await logIn(page, first);
  await page.locator('#code').fill(codes[0].toLowerCase());
  await press(page, 'Log in');
  assert.equal(at(page), '/account');
  await other.close();
  console.log('  - a login with a code leads back, one with a backup code works, and a logout leaves no cookie');
}

async function makesAKey(page) {
  await page.locator('nav a', { hasText: 'API keys' }).click();
  await look(page, 'keys-none');
  await page.locator('a.button').click();
  await look(page, 'key-new');
  await page.locator('#name').fill('Sensor');
  await page.locator('label', { hasText: 'metrics:create' }).click();
  await press(page, 'Make the key');
  await look(page, 'key-made');
  const key = await page.locator('.well code').innerText();
  const ingest = { provider: 'openai', model: 'gpt-4', tokens_input: 1, tokens_output: 1 };
  const used = async () => {
    const answer = await fetch(`${server}/api/v1/metrics/ingest`, {
      method: 'POST',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: JSON.stringify(ingest),
    });
    return answer.status;
  };
  assert.equal(await used(), 201);
  await page.locator('a.button').click();
  await look(page, 'keys');
  await page.locator('a', { hasText: 'Look at Sensor' }).click();
  await look(page, 'key');
  await press(page, 'Revoke');
  assert.equal(await used(), 401);
  console.log('  - an API key: made, used and revoked');
}

async function caresForTheRest(page, { secret }) {
  await page.locator('nav a', { hasText: 'Sessions' }).click();
  await look(page, 'sessions');
  await press(page, 'Log out everywhere else');
  assert.equal(await page.locator('.rows > li').count(), 1);

  await later(3_600);
  await page.locator('nav a', { hasText: 'Elsewhere' }).click();
  assert.match(at(page), /^\/account\/proof\?/);
  await look(page, 'proof-code');
  await page.locator('#code').fill(await code(secret));
  await press(page, 'Go on');
  assert.equal(at(page), '/account/links', 'proved, and on');
  await look(page, 'links');

  await page.locator('nav a', { hasText: 'Second factor' }).click();
  await page.locator('a', { hasText: 'Set up the phone' }).click();
  await look(page, 'phone');
  await page.locator('#phone_number').fill('+49 151 12345678');
  assert.equal(await press(page, 'Send a code'), 200);
  await look(page, 'phone-code');

  for (const [name, path] of [['name', '/account/name'], ['email', '/account/email'], ['password', '/account/password']]) {
    await open(page, path);
    await look(page, name);
  }
  await page.locator('#current').fill(first);
  await page.locator('#password').fill(second);
  await page.locator('#repeat').fill(first);
  assert.equal(await press(page, 'Change'), 400);
  await look(page, 'password-problem');
  await open(page, '/account/app');
  await page.locator('#password-remove').fill(first);
  await press(page, 'Take the app away');
  assert.match(at(page), /done=app_removed/);
  await later(3_600);
  await open(page, '/account/keys/new');
  await look(page, 'proof-password');
  console.log('  - sessions, a proof, a phone, name, address and password');
}

// And logs in with the keyboard alone.
async function losesThePassword(browser) {
  const other = await browser.newContext({ javaScriptEnabled: false });
  const page = await other.newPage();
  await open(page, '/login');
  await page.locator('a', { hasText: 'Set a new password' }).click();
  await look(page, 'forgot');
  await page.locator('#email').fill(email);
  await press(page, 'Send the mail');
  await look(page, 'forgot-sent');
  await open(page, await mailed(/\/reset-password\?token=[\w.~-]+/));
  await look(page, 'reset');
  await page.locator('#password').fill(second);
  await page.locator('#repeat').fill(second);
  await press(page, 'Set the new password');
  await look(page, 'reset-done');
  await page.locator('a.button').focus();
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await page.keyboard.type(email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(second);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert.equal(at(page), '/account');
  await other.close();
  console.log('  - a lost password: replaced, and logged in with the keyboard alone');
}

async function leavesForGood(page) {
  await open(page, '/login');
  await logIn(page, second);
  await page.locator('a', { hasText: 'Look at what happened' }).click();
  assert.equal(await page.locator('.rows > li strong').first().innerText(), 'Login');
  await look(page, 'activity');
  await page.locator('a', { hasText: 'Older' }).click();
  await look(page, 'activity-older');
  await page.locator('a', { hasText: 'Back to your account' }).click();
  await page.locator('a', { hasText: 'Look at your data' }).click();
  await look(page, 'data');
  const [copy] = await Promise.all([page.waitForEvent('download'), page.locator('button', { hasText: 'Download' }).click()]);
  assert.equal(copy.suggestedFilename(), 'account-data.json');
  assert.equal(JSON.parse(readFileSync(await copy.path())).user.email, email);
  await page.locator('a', { hasText: 'Delete the account' }).click();
  await look(page, 'delete');
  await page.locator('#email').fill('eve@example.com');
  assert.equal(await press(page, 'Delete my account'), 400);
  await look(page, 'delete-problem');
  await page.locator('#email').fill(email);
  assert.equal(await press(page, 'Delete my account'), 200);
  assert.equal(at(page), '/account/deleted');
  await look(page, 'deleted');
  assert.deepEqual(await page.context().cookies(), []);
  await open(page, '/login');
  assert.equal(await logIn(page, second), 401);
  await open(page, '/refused');
  await look(page, 'refused');
  console.log('  - what happened, a copy of all data, and a deleted account');
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const desk = await browser.newContext({ javaScriptEnabled: false });
  const page = await desk.newPage();
  page.setDefaultTimeout(15_000);
  glass = await browser.newPage();
  const faults = [];
  // A download is no page that came.
  page.on('requestfailed', (request) => request.url().endsWith('/download') || faults.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(server)) faults.push(`left the server: ${request.url()}`);
  });
  await registers(page);
  const phone = await setsUpAnApp(page);
  await comesBack(browser, phone);
  await makesAKey(page);
  await caresForTheRest(page, phone);
  await losesThePassword(browser);
  await leavesForGood(page);
  assert.deepEqual(faults, []);
  console.log(`  - ${looked.size} pages: no serious finding of axe in light and dark, none wider than a phone or at 200 %`);
} finally {
  await browser.close();
}
