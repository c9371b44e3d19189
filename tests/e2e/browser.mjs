// Drives headless Chromium: the API page with its Authorize button, the mailbox and the pages behind the mailed links
// of a development server, the lost password among them; a session that lives by a cookie; the setup page of a server with a certificate of its own.
// Any console error, failed request or request to another host fails the story.
// usage: node browser.mjs SCREENSHOT_FOLDER SERVER_URL [SETUP_CODE]
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const [shots, server, code] = process.argv.slice(2);
const base = `${server}/api/v1`;

async function post(path, body) {
  const answer = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

// Notes what goes wrong behind the page, at once and for the end, where nothing may have been noted. The browser calls
// a refused form an error: `expected` is in the address of one that is.
function watch(page, expected) {
  const faults = [];
  const note = (fault) => {
    console.error(`  ! ${fault}`);
    faults.push(fault);
  };
  page.setDefaultTimeout(15_000);
  page.on('console', (line) => {
    const { url } = line.location();
    if (line.type() === 'error' && !(expected && url.includes(expected))) note(`console: ${line.text()} ${url}`);
  });
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
  // One form for each scheme: this one is of access tokens, another of API keys.
  const bearer = page.locator('.modal-ux form').filter({ has: page.locator('[aria-label="auth-bearer-value"]') });
  await bearer.locator('input').fill(login.body.data.access_token);
  await bearer.locator('.auth.authorize').click();
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

  const desk = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  const deskFaults = watch(desk);
  await desk.goto(`${server}/dev/mailbox`);
  await desk.screenshot({ path: `${shots}/mailbox.png` });
  await desk.locator('.mails a', { hasText: account.email }).first().click();
  const letter = await desk.locator('.letter').innerText();
  await desk.screenshot({ path: `${shots}/mail.png` });
  const [path] = letter.match(/\/verify-email\?token=[\w.~-]+/);
  await desk.locator('.letter a').click();
  await desk.locator('button').waitFor();
  await desk.screenshot({ path: `${shots}/verify-email-light.png` });
  assert.deepEqual(deskFaults, []);
  await desk.close();

  const phone = await browser.newContext({ viewport: { width: 360, height: 640 }, colorScheme: 'dark' });
  const page = await phone.newPage();
  const faults = watch(page);
  await page.goto(`${server}${path}`);
  await plainAndNarrow(page);
  await page.screenshot({ path: `${shots}/verify-email.png` });
  assert.equal((await post('/auth/login', account)).status, 401, 'opening the link verifies nothing');

  await Promise.all([page.waitForNavigation(), page.locator('button').click()]);
  await page.screenshot({ path: `${shots}/verify-email-done.png` });
  assert.equal((await post('/auth/login', account)).status, 200);
  assert.deepEqual(faults, []);
  await phone.close();
  console.log('  - the mailed link: found in the mailbox, opened on a phone in the dark, confirmed by its button');
}

async function lostPasswordIsReplacedWithPagesAlone(browser) {
  const email = 'browser@example.com';
  const [old, fresh] = ['correct horse battery staple', 'seven silent paper lanterns'];
  const phone = await browser.newContext({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  const page = await phone.newPage();
  const faults = watch(page, '/reset-password');
  const press = async () => {
    const [answer] = await Promise.all([page.waitForNavigation(), page.locator('button').click()]);
    return answer.status();
  };
  await page.goto(`${server}/forgot-password`);
  await plainAndNarrow(page);
  await page.locator('#email').fill(email);
  await page.screenshot({ path: `${shots}/forgot-password.png`, fullPage: true });
  assert.equal(await press(), 200);
  await page.screenshot({ path: `${shots}/forgot-password-sent.png`, fullPage: true });

  const mails = await (await fetch(`${server}/dev/mailbox`, { headers: { Accept: 'application/json' } })).json();
  const { text } = mails.find((mail) => mail.to === email && mail.text.includes('/reset-password?token='));
  const [path] = text.match(/\/reset-password\?token=[\w.~-]+/);
  const token = path.split('=')[1];
  await page.goto(`${server}${path}`);
  await plainAndNarrow(page);
  await page.screenshot({ path: `${shots}/reset-password.png`, fullPage: true });

  // With the keyboard alone: the fields and the button follow each other, and Enter sends.
  const type = async (password, repeat) => {
    await page.locator('#password').focus();
    await page.keyboard.type(password);
    await page.keyboard.press('Tab');
    await page.keyboard.type(repeat);
    const [answer] = await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    return answer.status();
  };
  assert.equal(await type(fresh, `${fresh}!`), 400, 'the two are not the same');
  assert.match(await page.locator('[role=alert]').innerText(), /not the same/);
  assert.equal(await type(email, email), 400, 'a password that is the address');
  assert.match(await page.locator('[role=alert]').innerText(), /little more than/);
  await page.screenshot({ path: `${shots}/reset-password-problem.png`, fullPage: true });
  assert.equal(await page.locator('#password').inputValue(), '', 'no password comes back');
  assert.ok(!page.url().includes(token), 'once posted, the token is not in the address');
  assert.equal(await type(fresh, fresh), 200);
  await page.screenshot({ path: `${shots}/reset-password-done.png`, fullPage: true });
  assert.equal((await post('/auth/login', { email, password: old })).status, 401);
  assert.equal((await post('/auth/login', { email, password: fresh })).status, 200);

  await page.goto(`${server}${path}`);
  await page.screenshot({ path: `${shots}/reset-password-used.png`, fullPage: true });
  await page.locator('a.button').click();
  await page.locator('#email').waitFor();
  assert.deepEqual(faults, []);
  await phone.close();
  console.log('  - the lost password: asked for, two mistakes, replaced by keyboard alone, the used link leads to a new one');
}

// The page of another port is another origin, and yet of the same site: the browser sends the cookie along.
async function cookieCountsForOwnPagesAlone(browser) {
  const desk = await browser.newContext();
  const page = await desk.newPage();
  await page.goto(`${server}/docs`);
  const call = (path, method, headers, body) =>
    page.evaluate(
      async ([path, method, headers, body]) => {
        const answer = await fetch(`/api/v1${path}`, { method, headers, body });
        return { status: answer.status, body: await answer.json() };
      },
      [path, method, headers, body],
    );
  const account = JSON.stringify({ email: 'user@example.com', password: 'latchkey-dev-password' });
  const login = await call('/auth/session', 'POST', { 'Content-Type': 'application/json' }, account);
  assert.equal(login.status, 200, JSON.stringify(login.body));
  const [cookie] = await desk.cookies();
  assert.equal(cookie.name, '__Host-latchkey');
  assert.ok(cookie.httpOnly && cookie.secure && cookie.sameSite === 'Lax', JSON.stringify(cookie));
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads it');
  assert.equal((await call('/auth/session', 'GET')).body.data.csrf_token, login.body.data.csrf_token);

  let html = '';
  const other = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(html));
  await new Promise((ready) => other.listen(0, '127.0.0.1', ready));
  html = `<form method="post" action="${server}/api/v1/auth/logout"><button>Win</button></form>`;
  await page.goto(`http://127.0.0.1:${other.address().port}/`);
  const [forged] = await Promise.all([page.waitForNavigation(), page.locator('button').click()]);
  assert.match((await forged.request().allHeaders()).cookie ?? '', /__Host-latchkey=/, 'the browser sent it');
  assert.equal(forged.status(), 403);
  assert.deepEqual((await forged.json()).error.details, { reason: 'csrf', cause: 'origin' });
  other.close();

  await page.goto(`${server}/docs`);
  assert.equal((await call('/auth/logout', 'POST')).status, 403, 'our page, without the token');
  const token = { 'X-CSRF-Token': login.body.data.csrf_token };
  assert.equal((await call('/auth/logout', 'POST', token)).status, 200);
  assert.deepEqual(await desk.cookies(), [], 'the cookie is gone');
  assert.equal((await call('/auth/session', 'GET')).status, 401);
  await desk.close();
  console.log('  - the cookie: set where no script sees it, refused from a page of another origin, gone with the logout');
}

async function setupCodeMakesTheFirstAdministrator(browser) {
  const phone = await browser.newContext({ viewport: { width: 360, height: 740 }, ignoreHTTPSErrors: true });
  const page = await phone.newPage();
  const faults = watch(page, '/setup');
  const submit = async () => {
    await page.locator('#password').fill('correct horse battery staple');
    const [answer] = await Promise.all([page.waitForNavigation(), page.locator('button').click()]);
    return answer.status();
  };
  await page.goto(`${server}/setup`);
  await plainAndNarrow(page);
  await page.locator('#code').fill(code.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')));
  await page.locator('#email').fill('root@example.com');
  await page.locator('#name').fill('Katherine Johnson');
  await page.screenshot({ path: `${shots}/setup.png`, fullPage: true });
  const refused = await submit();
  assert.ok(refused >= 400 && refused < 500, `a wrong code: ${refused}`);
  await page.screenshot({ path: `${shots}/setup-problem.png`, fullPage: true });

  await page.locator('#code').fill(code);
  assert.equal(await submit(), 200);
  await page.screenshot({ path: `${shots}/setup-done.png` });
  await page.goto(`${server}/setup`);
  assert.equal(await page.locator('input').count(), 0, 'the setup is closed');
  await page.screenshot({ path: `${shots}/setup-closed.png` });
  assert.deepEqual(faults, []);
  await phone.close();
  console.log('  - the setup page: a wrong code refused, the printed one made the administrator, then closed');
}

async function plainAndNarrow(page) {
  assert.equal(await page.locator('script').count(), 0, 'a served page has no script');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'fits a phone');
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  if (code) {
    await setupCodeMakesTheFirstAdministrator(browser);
  } else {
    await apiPageWorksOnFirstClick(browser);
    await mailedLinkVerifiesTheAccount(browser);
    await lostPasswordIsReplacedWithPagesAlone(browser);
    await cookieCountsForOwnPagesAlone(browser);
  }
} finally {
  await browser.close();
}
