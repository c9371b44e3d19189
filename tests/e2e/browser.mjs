// Drives headless Chromium: the API page with its Authorize button, and the page behind the mailed link.
// Any console error, failed request or request to another host fails the story.
// usage: node browser.mjs SERVER_URL SCREENSHOT_FOLDER
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const [server, shots] = process.argv.slice(2);
const base = `${server}/api/v1`;

async function post(path, body) {
  const answer = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

// Notes what goes wrong behind the page, at once and for the end, where nothing may have been noted.
function watch(page) {
  const faults = [];
  const note = (fault) => {
    console.error(`  ! ${fault}`);
    faults.push(fault);
  };
  page.setDefaultTimeout(15_000);
  page.on('console', (line) => line.type() === 'error' && note(`console: ${line.text()} ${line.location().url}`));
  page.on('pageerror', (error) => note(`script: ${error.message}`));
  page.on('requestfailed', (request) => note(`request: ${request.url()} ${request.failure()?.errorText}`));
  page.on('request', (request) => {
    const local = request.url().startsWith(server) || /^(data|blob):/.test(request.url());
    if (!local) note(`left the server: ${request.url()}`);
  });
  return faults;
}

async function apiPageWorksOnFirstClick(browser) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const faults = watch(page);
  await page.goto(`${server}/docs`);
  await page.locator('.opblock').first().waitFor();
  await page.screenshot({ path: `${shots}/docs.png` });

  const login = await post('/auth/login', { email: 'admin@example.com', password: 'latchkey-dev-password' });
  assert.equal(login.status, 200, JSON.stringify(login.body));
  await page.locator('.auth-wrapper .authorize').first().click();
  await page.locator('.modal-ux input').first().fill(login.body.data.access_token);
  await page.locator('.modal-ux .auth.authorize').first().click();
  await page.locator('.modal-ux .btn-done').first().click();

  const me = page.locator('.opblock-get').filter({ has: page.locator('[data-path$="/auth/me"]') }).first();
  await me.locator('.opblock-summary').click();
  await me.locator('.try-out__btn').click();
  await me.locator('.execute').click();
  const status = me.locator('.live-responses-table .response-col_status').last();
  await status.waitFor();
  assert.match(await status.innerText(), /^200/);
  await page.screenshot({ path: `${shots}/docs-authorized.png` });
  assert.deepEqual(faults, []);
  await page.close();
  console.log('  - the API page: authorized, /auth/me answered 200');
}

async function mailedLinkVerifiesTheAccount(browser) {
  const account = { email: 'browser@example.com', password: 'correct horse battery staple' };
  assert.equal((await post('/auth/register', { ...account, name: 'Mary Jackson' })).status, 201);
  const mailbox = await (await fetch(`${server}/dev/mailbox`, { headers: { Accept: 'application/json' } })).json();
  const mail = mailbox.find((mail) => JSON.stringify(mail.to).includes(account.email));
  const [path] = mail.text.match(/\/verify-email\?token=[\w.~-]+/);

  const phone = await browser.newContext({ viewport: { width: 360, height: 640 }, colorScheme: 'dark' });
  const page = await phone.newPage();
  const faults = watch(page);
  await page.goto(`${server}${path}`);
  assert.equal(await page.locator('script').count(), 0, 'a served page has no script');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'fits a phone');
  await page.screenshot({ path: `${shots}/verify-email.png` });
  assert.equal((await post('/auth/login', account)).status, 401, 'opening the link verifies nothing');

  await Promise.all([page.waitForNavigation(), page.locator('button').click()]);
  await page.screenshot({ path: `${shots}/verify-email-done.png` });
  assert.equal((await post('/auth/login', account)).status, 200);
  assert.deepEqual(faults, []);
  await phone.close();
  console.log('  - the mailed link: opened on a phone in the dark, confirmed by its button');
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  await apiPageWorksOnFirstClick(browser);
  await mailedLinkVerifiesTheAccount(browser);
} finally {
  await browser.close();
}
