// Runs the guide's own JavaScript AuthClient and APIClient through the documented flow.
// usage: node guide_client.mjs SERVER_URL AUTH_CLIENT_FILE API_CLIENT_FILE
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const [server, authFile, apiFile] = process.argv.slice(2);
const base = `${server}/api/v1`;
const email = 'guide.javascript@example.com';
const password = 'correct horse battery staple';

async function guideClass(file, name) {
  return new Function(`${await readFile(file, 'utf8')}\nreturn ${name};`)();
}

async function verifyByMail() {
  const mailbox = await (await fetch(`${server}/dev/mailbox`, { headers: { Accept: 'application/json' } })).json();
  const mail = mailbox.find((mail) => JSON.stringify(mail.to).includes(email));
  const [, token] = mail.text.match(/\/verify-email\?token=([\w.~-]+)/);
  assert.equal((await fetch(`${base}/auth/verify-email/${token}`)).status, 200);
}

async function passAnHour() {
  const moved = await fetch(`${server}/dev/clock`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ advance_seconds: 3700 }),
  });
  assert.ok(moved.ok, await moved.text());
}

async function refreshesByItself(client, what) {
  const before = [client.accessToken, client.refreshToken];
  await passAnHour();
  assert.equal((await client.request(`${base}/auth/me`)).success, true);
  assert.notEqual(client.accessToken, before[0]);
  assert.notEqual(client.refreshToken, before[1]);
  console.log(`  - JavaScript ${what}: 401, refresh, retry`);
}

const AuthClient = await guideClass(authFile, 'AuthClient');
const auth = new AuthClient(base);
const registered = await auth.register(email, password, 'Grace Hopper');
assert.equal(registered.data?.status, 'pending', JSON.stringify(registered));
await verifyByMail();
const result = await auth.login(email, password);
assert.equal(result.requiresMfa, false);
assert.equal(result.user.status, 'active');
assert.equal((await auth.request(`${base}/auth/me`)).success, true);
await refreshesByItself(auth, 'AuthClient');

const APIClient = await guideClass(apiFile, 'APIClient');
const api = new APIClient(auth.accessToken, auth.refreshToken);
await refreshesByItself(api, 'APIClient');

auth.accessToken = api.accessToken;
await auth.logout();
const ended = await fetch(`${base}/auth/me`, { headers: { Authorization: `Bearer ${api.accessToken}` } });
assert.equal(ended.status, 401);
console.log('  - JavaScript clients: registered, verified, logged in, refreshed, logged out');
