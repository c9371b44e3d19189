// Takes the tour of the README in headless Chromium, with a picture of each step.
// usage: node tour.mjs FOLDER
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const [shots] = process.argv.slice(2);
const [auth, app] = ['https://auth.home.localhost:8443', 'https://app.home.localhost:8443'];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  // The certificate is of Caddy's own authority: a person is asked once and goes on.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 900, height: 560 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const shot = (name) => page.screenshot({ path: `${shots}/${name}.png` });
  const text = () => page.locator('body').innerText();

  await page.goto(`${app}/`);
  assert.ok(page.url().startsWith(`${auth}/login?return_to=`), page.url());
  await page.locator('#email').fill('user@example.com');
  await shot('login');
  await page.locator('#password').fill('latchkey-dev-password');
  await page.locator('button', { hasText: 'Log in' }).click();
  await page.waitForURL(`${app}/`);
  assert.match(await text(), /^Hello .*user@example\.com/s);
  await shot('application');

  const refused = await page.goto(`${app}/admin`);
  assert.equal(refused.status(), 403);
  assert.match(await text(), /You may not open this/);
  await shot('refused');

  await page.goto(`${auth}/account`);
  assert.match(await text(), /user@example\.com/);
  await shot('account');

  await page.goto(`${auth}/logout`);
  await page.locator('main button').click();
  await page.goto(`${app}/`);
  assert.ok(page.url().startsWith(`${auth}/login`), page.url());
} finally {
  await browser.close();
}
