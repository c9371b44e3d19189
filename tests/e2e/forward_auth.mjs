// Drives headless Chromium to an application behind a proxy: to the login page, through a password and a second factor,
// back to the application, and out again. The two are two host names.
// usage: node forward_auth.mjs SCREENSHOT_FOLDER NAME PORT SERVER_URL CODES_FILE
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [shots, name, port, server, file] = process.argv.slice(2);
const [email, password] = ['eve@example.com', 'correct horse battery staple'];
const [auth, app] = [`https://auth.example.com:${port}`, `https://app.example.com:${port}`];

async function post(path, body, token) {
  const answer = await fetch(`${server}/api/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  const { data } = await answer.json();
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return data;
}

// RFC 6238 with SHA-1, six digits and half a minute.
function code(secret) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac('sha1', key).update(step).digest();
  return String((hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

// A backup code of hers; the first call gives her a second factor.
async function backupCode() {
  if (!existsSync(file)) {
    const { access_token: token } = await post('/auth/login', { email, password });
    const { secret, backup_codes: codes } = await post('/auth/mfa/setup', {}, token);
    await post('/auth/mfa/enable', { code: code(secret) }, token);
    writeFileSync(file, JSON.stringify(codes));
  }
  const [next, ...left] = JSON.parse(readFileSync(file));
  writeFileSync(file, JSON.stringify(left));
  return next;
}

const press = (page, text) => Promise.all([page.waitForNavigation(), page.locator('button', { hasText: text }).click()]);
const shot = (page, what) => page.screenshot({ path: `${shots}/${name}-${what}.png` });

const backup = await backupCode();
const rules = ['--host-resolver-rules=MAP *.example.com 127.0.0.1', '--no-sandbox'];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: rules });
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1000, height: 700 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wanted = `${app}/desk?of=eve&x=%20`;
  await page.goto(wanted);
  assert.equal(page.url(), `${auth}/login?return_to=${encodeURIComponent(wanted)}`);
  await shot(page, '1-login');
  await page.locator('#email').fill(email);
  await page.locator('#password').fill(password);
  await press(page, 'Log in');
  assert.ok(page.url().startsWith(`${auth}/login/code`), page.url());
  await shot(page, '2-factor');
  await page.locator('#code').fill(backup);
  await press(page, 'Log in');
  await page.waitForURL(wanted);
  const seen = JSON.parse(await page.locator('body').innerText());
  const headers = Object.fromEntries(seen.headers);
  assert.equal(headers['remote-user'], 'eve');
  assert.ok(!(headers.cookie ?? '').includes('latchkey'), headers.cookie);
  await shot(page, '3-application');

  const refused = await page.goto(`${app}/admin`);
  assert.equal(refused.status(), 403);
  assert.equal(await page.locator('h1').innerText(), 'You may not open this');
  // nginx has our status alone; Caddy hands on the whole answer, which knows who is there.
  assert.equal(await page.locator('text=eve lovelace').count(), name === 'caddy' ? 1 : 0);
  const looks = await page.locator('main').evaluate((main) => getComputedStyle(main).borderRadius);
  assert.equal(looks, '14px', 'the style is in the page');
  await shot(page, '4-refused');
  await Promise.all([page.waitForNavigation(), page.locator('a', { hasText: 'Your account' }).click()]);
  assert.equal(page.url(), `${auth}/account`);
  const cookies = await context.cookies([auth, app]);
  const ours = cookies.filter((cookie) => cookie.name.includes('latchkey'));
  assert.deepEqual(
    ours.map((cookie) => [cookie.name, cookie.domain, cookie.httpOnly && cookie.secure]).sort(),
    [['__Host-latchkey', 'auth.example.com', true], ['__Secure-latchkey-proxy', '.example.com', true]],
  );
  await page.goto(`${app}/admin`);
  await Promise.all([page.waitForNavigation(), page.locator('a', { hasText: 'somebody else' }).click()]);
  await press(page, 'Log out');
  await shot(page, '5-logged-out');
  const again = await page.locator('main a', { hasText: 'Log in' }).getAttribute('href');
  const back = name === 'caddy' ? `?return_to=${encodeURIComponent(`${app}/admin`)}` : '';
  assert.equal(again, `/login${back}`, 'who comes back as somebody else');
  await page.goto(wanted);
  assert.ok(page.url().startsWith(`${auth}/login?`), page.url());
  await shot(page, '6-login-again');
  console.log(`  - Chromium, ${name}: application, login, factor, application, refusal, account, logout, login`);
} finally {
  await browser.close();
}
