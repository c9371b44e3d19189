// Logs in with accounts elsewhere as a browser does: cookies by host and port, redirects one by one, forms filled in.
import assert from 'node:assert/strict';

const [base] = process.argv.slice(2);

class Browser {
  jar = new Map();

  async get(url, form) {
    const host = new URL(url).host;
    const cookies = [...(this.jar.get(host) ?? new Map())].map(([name, value]) => `${name}=${value}`);
    const response = await fetch(url, {
      redirect: 'manual',
      method: form ? 'POST' : 'GET',
      headers: cookies.length ? { cookie: cookies.join('; ') } : {},
      body: form && new URLSearchParams(form),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (!this.jar.has(host)) this.jar.set(host, new Map());
      if (value && !/expires=Thu, 01 Jan 1970|max-age=0/i.test(line)) this.jar.get(host).set(name, value);
      else this.jar.get(host).delete(name);
    }
    return response;
  }

  // Goes on until somebody answers something else than a redirect or a form of the provider.
  async walk(start, login) {
    let [url, form] = [start, undefined];
    for (let step = 0; step < 20; step += 1) {
      const response = await this.get(url, form);
      const location = response.headers.get('location');
      form = undefined;
      if (location) {
        url = new URL(location, url).href;
        if (url.includes('/callback?')) this.callback = url;
        continue;
      }
      const text = await response.text();
      const action = /<form[^>]*action="([^"]+)"/.exec(text)?.[1];
      if (!action) return { status: response.status, body: JSON.parse(text), url };
      url = new URL(action, url).href;
      const prompt = /name="prompt" value="([^"]+)"/.exec(text)[1];
      form = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt };
    }
    throw new Error('no end of redirects');
  }
}

const begin = (provider) => `${base}/api/v1/auth/oauth/${provider}`;
const me = async (token) => {
  const answer = await fetch(`${base}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } });
  return (await answer.json()).data;
};

const ada = new Browser();
const first = await ada.walk(begin('work'), 'ada');
assert.equal(first.status, 200, JSON.stringify(first.body));
assert.equal(first.body.data.user.oauth_provider, 'work');
assert.equal(first.body.data.user.email, 'ada@example.com');
assert.equal((await me(first.body.data.access_token)).id, first.body.data.user.id);
console.log('  - a real OpenID Connect provider, found by discovery, opens a new account (G42, G43)');

const again = await new Browser().walk(begin('work'), 'ada');
assert.equal(again.body.data.user.id, first.body.data.user.id);
const replayed = await ada.get(ada.callback);
assert.equal(replayed.status, 400);
const foreign = await new Browser().get(ada.callback);
assert.equal(foreign.status, 400);
console.log('  - the same person gets the same account; what came back once, or to another browser, opens nothing (G44)');

const eve = await new Browser().walk(begin('work'), 'eve');
assert.equal(eve.status, 403, JSON.stringify(eve.body));
console.log('  - an address that the provider did not prove opens nothing');

const cat = await new Browser().walk(begin('github'));
assert.equal(cat.status, 200, JSON.stringify(cat.body));
assert.deepEqual(
  [cat.body.data.user.oauth_provider, cat.body.data.user.email, cat.body.data.user.name],
  ['github', 'octocat@example.com', 'octocat'],
);
console.log('  - GitHub\'s shape of it does the same (G45)');

const away = await new Browser().walk(begin('away'));
assert.equal(away.status, 502, JSON.stringify(away.body));
assert.equal(away.body.error.code, 'PROVIDER_FAILED');
console.log('  - a provider that is away is told as that');
